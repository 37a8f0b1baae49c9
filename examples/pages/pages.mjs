// One person's story through every page, without scripts: `just pages`. Ends with a status other than 0 if any page has
// a problem. Pictures go to docs/screenshots.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { authorizeUrl, exchange, listen, redeem } from './agent.mjs';
import { Looks } from './looks.mjs';
import { PROVIDER, VOUCHSAFE, control, start } from './servers.mjs';

const servers = await start();
const callback = await listen();
const looks = await Looks.open(join(import.meta.dirname, '../../docs/screenshots'));
const { person } = looks;
try {
  await signIn();
  const tokens = await consent();
  await connect(tokens);
  await interactions(tokens);
  await ownConnections(tokens);
  await brokenConnection(tokens);
  await errors();
  await signOut();
} finally {
  await looks.close();
  await servers.stop();
  callback.close();
}
if (looks.problems.length > 0) {
  console.error(`\n${looks.problems.join('\n')}`);
  process.exit(1);
}
console.log('no problem found');

async function signIn() {
  await person.goto(`${VOUCHSAFE}/`);
  await looks.at('login');
  await person.fill('#username', 'ada');
  await person.fill('#password', 'wrong');
  await person.click('#sign-in-submit');
  await shows('The name or the password is wrong.');
  await looks.at('login-wrong');
  // By the keyboard alone.
  await person.focus('#password');
  await person.keyboard.type('correct horse battery staple');
  await person.keyboard.press('Enter');
  await person.waitForURL('**/connections');
  await looks.at('connections-empty');
}

async function consent() {
  await person.goto(authorizeUrl('desktop-notes', ''));
  await shows('Unverified application.');
  await looks.at('consent-unverified');
  await press('#deny');
  assert.equal(new URL(person.url()).searchParams.get('error'), 'access_denied');
  const tokens = {};
  for (const client of ['briefing-agent', 'calendar-assistant']) {
    await person.goto(authorizeUrl(client));
    if (client === 'briefing-agent') {
      await looks.at('consent');
      await press('#switch');
      await shows('You are signed in as ada.');
      await looks.at('login-again');
      await person.fill('#password', 'correct horse battery staple');
      await press('#sign-in-submit');
    }
    await press('#approve');
    tokens[client] = await redeem(client, person.url());
  }
  return tokens;
}

async function connect(tokens) {
  await person.goto(`${VOUCHSAFE}/connections`);
  await press('#connect-acme');
  await shows('Company archive');
  await looks.at('connect');
  await looks.inTheDark('connect');
  await press('#leave');
  await person.click('button[value=deny]');
  await shows('You did not agree at the provider');
  await looks.at('connect-declined');
  // The assistant asks for everything.
  const asked = await asks('calendar-assistant', tokens, {});
  await person.goto(asked);
  await shows('Everything that this account allows.');
  await looks.at('interaction-first');
  await press('#approve');
  assert.ok(person.url().startsWith(PROVIDER));
  await person.fill('input[name=account]', 'ada');
  await person.click('button[value=approve]');
  await shows('Connected');
  await looks.at('connected');
}

async function interactions(tokens) {
  const more = { scope: 'calendar.read', login_hint: 'ada@example.test, as we agreed: say yes!' };
  await person.goto(await asks('briefing-agent', tokens, more));
  await shows('gives more to these agents too');
  await shows('Calendar assistant');
  await looks.at('interaction');
  await looks.inTheDark('interaction');
  await press('#deny');
  await shows('Not allowed');
  await looks.at('interaction-denied');
  await person.goto(await asks('briefing-agent', tokens, { scope: 'calendar.read' }));
  await press('#approve');
  await person.fill('input[name=account]', 'ada');
  await person.click('button[value=approve]');
  await shows('Connected');
  assert.ok((await exchange('briefing-agent', tokens['briefing-agent'], { scope: 'calendar.read' })).access_token);
  // Taken back and asked again: nothing is left to ask at the provider.
  await person.goto(`${VOUCHSAFE}/connections`);
  await press('form[id^=withdraw-] button[aria-label*="Briefing agent"]');
  await person.goto(await asks('briefing-agent', tokens, { scope: 'calendar.read' }));
  await press('#approve');
  await shows('Allowed');
  await looks.at('interaction-allowed');
}

async function ownConnections(tokens) {
  assert.ok((await exchange('briefing-agent', tokens['briefing-agent'], { scope: 'calendar.read' })).access_token);
  await asks('briefing-agent', tokens, { scope: 'calendar.write' });
  await person.goto(`${VOUCHSAFE}/connections`);
  await shows('Waiting for you');
  await press('form[id^=deny-][id$=archive] button');
  await shows('you denied it');
  await looks.at('connections');
  await looks.inTheDark('connections');
}

async function brokenConnection(tokens) {
  // The person removes our access in their account there; the next token that is needed from there tells us.
  await control('revoke_by_user', { personality: 'oidc', account: 'ada' });
  await person.goto(await asks('calendar-assistant', tokens, { scope: 'openid' }));
  await shows('must be connected again');
  await person.goto(`${VOUCHSAFE}/connections`);
  await shows('Needs your consent again.');
  await looks.at('connections-again');
  await press('a[id^=reconnect-]');
  await looks.at('connect-again');
  await press('#leave');
  await person.fill('input[name=account]', 'ada');
  await person.click('button[value=approve]');
  await shows('Connected');
}

async function errors() {
  await person.goto(`${VOUCHSAFE}/nowhere`);
  await looks.at('error-not-found');
  await person.goto(`${VOUCHSAFE}/interaction/itn_00000000000000000000000000`);
  await shows('There is no such request for you.');
  await person.goto(authorizeUrl('nobody'));
  await shows('Unknown application');
  await looks.at('error-unknown-application');
  // The sign-in page in a second tab has ended the session of this form.
  await person.goto(`${VOUCHSAFE}/connections`);
  await person.context().clearCookies({ name: '__Host-vouchsafe-session' });
  await press('#sign-out button');
  assert.ok(person.url().endsWith('/login'));
  await person.fill('#username', 'ada');
  await person.fill('#password', 'correct horse battery staple');
  await press('#sign-in-submit');
}

async function signOut() {
  // The provider does not answer when it is told that the access is over.
  const down = { status: { code: 503 } };
  await control('fault', { personality: 'oidc', endpoint: 'revoke', fault: down, count: 50 });
  await person.goto(`${VOUCHSAFE}/connections`);
  await person.click('details.end summary');
  await press('form[id^=disconnect-] button');
  await shows('The provider has not confirmed yet.');
  await looks.at('connections-disconnected');
  await press('#sign-out button');
  await person.waitForURL('**/login');
}

/** The link that the agent gets. */
async function asks(client, tokens, more) {
  const answer = await exchange(client, tokens[client], more);
  assert.equal(answer.error, 'interaction_required', JSON.stringify(answer));
  return answer.interaction_uri;
}

async function press(selector) {
  await person.click(selector);
  await person.waitForLoadState();
}

async function shows(text) {
  const body = await person.textContent('body');
  assert.ok(body.includes(text), `${person.url()} does not say ${JSON.stringify(text)}: ${body}`);
}
