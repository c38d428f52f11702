import {
  type Attributes,
  Component,
  type ComponentChild,
  type FunctionComponent,
  type RenderableProps,
} from 'preact';

/** Draws again only when one of the properties is another one. */
export function memo<Props extends object>(draw: (props: Props) => ComponentChild): FunctionComponent<Props> {
  class Memo extends Component<Props> {
    override shouldComponentUpdate(next: Readonly<Props>): boolean {
      return !isSame(this.props, next);
    }

    override render(props: RenderableProps<Props>): ComponentChild {
      return draw(props);
    }
  }
  return Memo as unknown as FunctionComponent<Props & Attributes>;
}

function isSame(one: object, other: object): boolean {
  const before = Object.entries(one);
  const after = other as Readonly<Record<string, unknown>>;
  return (
    before.length === Object.keys(after).length &&
    before.every(([name, value]) => Object.is(after[name], value))
  );
}
