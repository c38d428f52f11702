/** ELK, as its makers build it for a worker: it listens and answers by itself. */
import 'elkjs/lib/elk-worker.min.js';
