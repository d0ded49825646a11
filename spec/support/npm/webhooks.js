// SPDX-License-Identifier: MIT
// The libraries of Standard Webhooks as the other side: a case as a line of JSON, an answer as a line of JSON.
//
// {"library": "standardwebhooks" or "svix", "secret", "body", "headers"}         -> {"genuine", "message"}
// {"library": "standardwebhooks" or "svix", "secret", "body", "id", "timestamp"} -> {"signature"}
"use strict";
const lines = require("readline").createInterface({ input: process.stdin });

function verified(webhook, { body, headers }) {
  try {
    webhook.verify(body, headers);
    return { genuine: true };
  } catch (error) {
    return { genuine: false, message: String(error.message) };
  }
}

function signed(webhook, { body, id, timestamp }) {
  return { signature: webhook.sign(id, new Date(timestamp * 1000), body) };
}

lines.on("line", (line) => {
  const work = JSON.parse(line);
  const { Webhook } = require(work.library);
  console.log(JSON.stringify((work.headers ? verified : signed)(new Webhook(work.secret), work)));
});
