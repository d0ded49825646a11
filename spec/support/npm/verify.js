// SPDX-License-Identifier: MIT
// A receiver's libraries judge webhooks: a case as a line of JSON, an answer as a line of JSON.
//
// {"library": "standardwebhooks" or "svix", "secret", "headers", "body"} -> {"genuine": true} or {"genuine": false, "message"}
"use strict";
const lines = require("readline").createInterface({ input: process.stdin });

lines.on("line", (line) => {
  const { library, secret, headers, body } = JSON.parse(line);
  const { Webhook } = require(library);
  try {
    new Webhook(secret).verify(body, headers);
    console.log(JSON.stringify({ genuine: true }));
  } catch (error) {
    console.log(JSON.stringify({ genuine: false, message: String(error.message) }));
  }
});
