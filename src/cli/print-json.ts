/** What a command answers a program. */
export const printJson = (answer: object): void =>
  void process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
