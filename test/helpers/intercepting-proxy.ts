import { once } from 'node:events';
import { createServer, request as forward, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { controllerCertificate } from '../orchard-emulator/certificate.ts';

export interface InterceptingProxy {
  /** For `HTTPS_PROXY`. */
  readonly url: string;
  /** What a program has to trust, for `SSL_CERT_FILE`. */
  readonly certificatePem: string;
  stop(): Promise<void>;
}

/**
 * A proxy that answers in the place of a host whose name a program has built in: whatever goes there by TLS is passed on
 * to a service on loopback in plain HTTP.
 */
export async function startInterceptingProxy(host: string, service: URL): Promise<InterceptingProxy> {
  const { cert, key } = controllerCertificate(host);
  const stranger = createTlsServer({ cert, key }, (request, response) => {
    const { method, url: path, headers } = request;
    const options = { method, headers: { ...headers, host: service.host } };
    const passed = forward(new URL(path ?? '/', service), options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  const proxy = createServer();
  proxy.on('connect', (request, socket: Socket) => {
    if (request.url !== `${host}:443`) return void socket.destroy();
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    stranger.emit('connection', socket);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    certificatePem: cert,
    stop: () => closed(proxy),
  };
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
