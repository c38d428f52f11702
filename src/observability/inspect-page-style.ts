export const pageStyle = `
:root { color-scheme: light dark; --line: #8886; --lit: #1a7f37; --bad: #cf222e; --soft: #8882; }
body { font: 14px/1.4 system-ui, sans-serif; margin: 0 auto; max-width: 90rem; padding: 1rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 1.5rem; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
dl { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: 0; }
dl div { display: flex; gap: .4rem; } dt { opacity: .65; } dd { margin: 0; font-weight: 600; }
.job { border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem; margin-bottom: .5rem; }
.job strong { margin-right: .6rem; } .job small { opacity: .7; }
.job p { margin: .3rem 0 0; } .bad { color: var(--bad); }
progress { width: 100%; accent-color: var(--lit); }
code, .state, #events { font-family: ui-monospace, monospace; font-size: 12px; }
details { border: 1px solid var(--line); border-radius: 6px; padding: .4rem .6rem; margin-bottom: .5rem; }
summary { cursor: pointer; }
.states { display: flex; flex-wrap: wrap; gap: .3rem; margin-top: .3rem; align-items: flex-start; }
.state { border: 1px solid var(--line); border-radius: 4px; padding: .1rem .4rem; opacity: .55; }
.state.lit { border-color: var(--lit); opacity: 1; }
.state.lit > span { color: var(--lit); font-weight: 700; }
.state:not(.lit) .state { opacity: 1; }
#events { list-style: none; margin: 0; padding: 0; max-height: 24rem; overflow: auto; }
#events li { border-bottom: 1px solid var(--soft); padding: .1rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
`;
