// SPDX-License-Identifier: MIT
// The work of a call as one would write it for Node.js without libraries: decode, route, make a body, sign it, send it over a kept
// connection, and give the caller what it wants of the answer.
//
//   node app.js PORT SINK_PORT
'use strict';
const http = require('node:http');
const crypto = require('node:crypto');

const [port, sinkPort] = process.argv.slice(2).map(Number);
const KEY = '01234567890123456789012345678901';
const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 4096, scheduling: 'lifo' });
let count = 0;

const routes = {
  'order.confirmed': {
    url: (data) => `/orders/${data.order.id}`,
    body: ({ order, customer, channel }) => JSON.stringify({
      event: 'order.confirmed',
      number: order.number,
      customer: { name: customer.name, email: customer.email, vip: customer.vip },
      ship_to: {
        street: customer.address.street,
        city: `${customer.address.postcode} ${customer.address.city}`,
        country: customer.address.country,
      },
      total: `${order.total} ${order.currency}`,
      lines: order.lines.map(({ sku, title, quantity, price }) => ({ sku, title, quantity, price })),
      channel,
      note: order.note,
    }),
    variables: ({ id, eta }) => ({ reference: id, eta }),
  },
};

// Collects a message and gives it as a string.
function read(stream, done) {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (part) => { text += part; });
  stream.on('end', () => done(text));
}

function post(path, body, done) {
  const id = `msg_${++count}`;
  const time = Math.floor(Date.now() / 1000);
  const signature = crypto.createHmac('sha256', KEY).update(`${id}.${time}.${body}`).digest('base64');
  const request = http.request({
    host: '127.0.0.1', port: sinkPort, path, method: 'POST', agent,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'webhook-id': id,
      'webhook-timestamp': time,
      'webhook-signature': `v1,${signature}`,
    },
  }, (response) => read(response, (text) => done(response.statusCode, text)));
  request.on('error', () => done(502, '{}'));
  request.end(body);
}

function answer(response, status, value) {
  const text = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

const server = http.createServer((request, response) => read(request, (text) => {
  const event = JSON.parse(text);
  const route = routes[event.type];
  if (!route) return answer(response, 404, { ok: false });
  post(route.url(event.data), route.body(event.data), (status, body) => {
    answer(response, status === 200 ? 200 : 502, { ok: status === 200, status, variables: route.variables(JSON.parse(body)) });
  });
}));
server.keepAliveTimeout = 300000;
server.listen(port, '127.0.0.1', 4096);
