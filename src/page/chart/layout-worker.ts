/*! elkjs, Eclipse Public License 2.0; its source is at https://github.com/kieler/elkjs */
/** ELK, as its makers build it for a worker: it listens and answers by itself. */
import 'elkjs/lib/elk-worker.min.js';
