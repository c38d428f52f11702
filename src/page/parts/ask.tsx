import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { type Refusal, wish } from '../model/wishes.ts';
import { Foreign } from './text.tsx';

interface AskProps {
  /** On the button. */
  readonly label: string;
  /** What the button is about, when its label alone does not say so. */
  readonly name?: string;
  /** Path below `/api/`. */
  readonly path: string;
  readonly question: string;
  readonly children: ComponentChildren;
  /** On the button that does it. */
  readonly yes: string;
  readonly no?: string;
  readonly isGrave?: boolean;
  readonly isSmall?: boolean;
}

const isLostIn = ({ link }: PageState) => link.phase === 'lost';

/** A button that asks first, and then the daemon, as long as that is there. */
export function AskButton(props: AskProps) {
  const [isOpen, setOpen] = useState(false);
  const place = useRef<HTMLSpanElement>(null);
  useFocusAfter(place);
  return (
    <span ref={place}>
      <button
        type="button"
        class={`button${props.isGrave ? ' grave' : ''}${props.isSmall ? ' small' : ''}`}
        disabled={usePage(isLostIn)}
        {...(props.name && { 'aria-label': props.name })}
        onClick={() => setOpen(true)}
      >
        {props.label}
      </button>
      {isOpen && <Question {...props} close={() => setOpen(false)} />}
    </span>
  );
}

/** What was wished for often takes its button away: who stood there then stands at the heading, and not nowhere. */
function useFocusAfter(place: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    const element = place.current;
    let isHere = false;
    const look = ({ target }: FocusEvent) => {
      isHere = target instanceof Node && element?.contains(target) === true;
    };
    document.addEventListener('focusin', look);
    return () => {
      document.removeEventListener('focusin', look);
      // it has gone from the page by now, and the focus with it
      if (isHere) document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
    };
  }, [place]);
}

function Question({ path, question, children, yes, no, isGrave, close }: AskProps & { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const [refusal, setRefusal] = useState<Refusal>();
  const [isAsking, setAsking] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const ask = async () => {
    setAsking(true);
    const said = await wish(path);
    setAsking(false);
    if (said) setRefusal(said);
    else dialog.current?.close();
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby={title} onClose={close}>
      <h2 id={title}>{question}</h2>
      {children}
      <div role="alert">
        {refusal && (
          <p class="tone-bad">
            <Foreign text={`${refusal.summary} ${refusal.nextStep}`} max={600} />
          </p>
        )}
      </div>
      <div class="buttons">
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          {no ?? 'Leave it'}
        </button>
        <button
          type="button"
          class={isGrave ? 'button grave' : 'button main'}
          disabled={isAsking}
          onClick={ask}
        >
          {isAsking ? 'Asking…' : yes}
        </button>
      </div>
    </dialog>
  );
}
