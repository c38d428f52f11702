/**
 * The listener of an event, with what it throws handed to `onFault`: above a listener there is nobody who could catch it,
 * and the process would end with the jobs of everybody.
 */
export const contained =
  <TArguments extends unknown[]>(
    listener: (...given: TArguments) => void,
    onFault: (error: unknown) => void,
  ): ((...given: TArguments) => void) =>
  (...given) => {
    try {
      listener(...given);
    } catch (error) {
      onFault(error);
    }
  };
