// What agents do: send a browser to the authorization endpoint, redeem the code, exchange.

import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { VOUCHSAFE } from './servers.mjs';

const CALLBACK = 'http://127.0.0.1:9899/callback';
const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');

/** Where browsers bring the codes. */
export function listen() {
  const server = createServer((_, response) => response.end('<!doctype html><title>The agent</title><p>Thank you.'));
  return new Promise((ready) => server.listen(9899, '127.0.0.1', () => ready(server)));
}

/** The address that begins an authorization. */
export function authorizeUrl(clientId, scope = 'exchange') {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: CALLBACK,
    scope,
    state: 'pages',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  });
  if (scope === '') query.delete('scope');
  return `${VOUCHSAFE}/oauth/authorize?${query}`;
}

/** A subject token for the code in this address. */
export async function redeem(clientId, address) {
  const code = new URL(address).searchParams.get('code');
  const answer = await token(clientId, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: CALLBACK,
    code_verifier: verifier,
  });
  if (!answer.access_token) throw new Error(JSON.stringify(answer));
  return answer.access_token;
}

/** An exchange; what the server says, a success or not. */
export function exchange(clientId, subjectToken, more) {
  return token(clientId, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: 'acme',
    ...more,
  });
}

async function token(clientId, parameters) {
  const secret = `${clientId}-secret-for-the-pages-example`;
  const answer = await fetch(`${VOUCHSAFE}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` },
    body: new URLSearchParams(parameters),
  });
  return answer.json();
}
