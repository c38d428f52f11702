/** Every statechart of the program as JSON, by the id of its machine; the build puts it in. */
declare module 'perry:charts' {
  const definitions: Readonly<Record<string, unknown>>;
  export default definitions;
}
