/** What esbuild gathers into one file. */
declare module '*.css';
