//! All providers of one server, and the controls a test turns in-process.

use std::sync::Mutex;

use crate::account;
use crate::clock::VirtualClock;
use crate::fault::{Endpoint, Fault};
use crate::journal::{Journal, JournalEntry};
use crate::ledger::{LiveToken, Mint, TokenFacts};
use crate::options::{ClientRegistration, ConsentMode, Options};
use crate::personality::catalogue;
use crate::provider::{Provider, lock};
use crate::secrets::{IssuedSecret, IssuedSecrets};
use crate::signing_key::SigningKeys;

/// The state of a running server. Every control that names a personality panics on an unknown name: that is a
/// mistake in the test.
#[derive(Debug)]
pub struct State {
    pub(crate) base_url: String,
    pub(crate) clients: Vec<ClientRegistration>,
    pub(crate) clock: VirtualClock,
    pub(crate) journal: Journal,
    pub(crate) secrets: IssuedSecrets,
    pub(crate) signing_keys: Mutex<SigningKeys>,
    providers: Vec<Provider>,
}

impl State {
    pub(crate) fn new(base_url: String, options: Options) -> std::io::Result<Self> {
        let Options {
            clients,
            access_ttl,
            consent,
            ..
        } = options;
        let providers = catalogue::ALL
            .iter()
            .map(|row| Provider::new(row, consent, access_ttl))
            .collect();
        Ok(Self {
            base_url,
            clients,
            clock: VirtualClock::default(),
            journal: Journal::default(),
            secrets: IssuedSecrets::default(),
            signing_keys: Mutex::new(SigningKeys::generate()?),
            providers,
        })
    }

    /// Moves the provider's clock by so many seconds, forward or back.
    pub fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
    }

    /// The provider's time in Unix seconds.
    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Queues a fault for the next `count` requests to an endpoint.
    pub fn fault(&self, personality: &str, endpoint: Endpoint, fault: Fault, count: usize) {
        let mut knobs = self.named(personality).knobs();
        knobs
            .faults
            .entry(endpoint)
            .or_default()
            .extend(std::iter::repeat_n(fault, count));
    }

    /// Forgets all queued faults of a personality.
    pub fn clear_faults(&self, personality: &str) {
        self.named(personality).knobs().faults.clear();
    }

    /// Every request since the last clearing, oldest first.
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.journal.entries()
    }

    /// The journal of one endpoint of one personality.
    pub fn journal_of(&self, personality: &str, endpoint: Endpoint) -> Vec<JournalEntry> {
        let mut entries = self.journal();
        entries.retain(|entry| entry.personality == personality && entry.endpoint == endpoint);
        entries
    }

    /// Empties the journal.
    pub fn clear_journal(&self) {
        self.journal.clear();
    }

    /// The account's owner disconnects the app at the provider: every grant of the account dies.
    pub fn revoke_by_user(&self, personality: &str, account: &str) {
        self.named(personality).ledger().kill_account(account, None);
    }

    /// Who approves the next consent, once.
    pub fn next_account(&self, personality: &str, account: &str) {
        self.named(personality).knobs().next_account = Some(account.to_owned());
    }

    /// Which scopes the user unticks at the next consent, once.
    pub fn next_untick(&self, personality: &str, scopes: &[&str]) {
        self.named(personality).knobs().next_untick = scopes.iter().map(|&scope| scope.to_owned()).collect();
    }

    /// How many refresh requests arrived, whatever became of them.
    pub fn refresh_count(&self, personality: &str) -> usize {
        self.named(personality).refreshes().received
    }

    /// How many refreshes the provider carried out, also where the answer was lost.
    pub fn successful_refresh_count(&self, personality: &str) -> usize {
        self.named(personality).refreshes().succeeded
    }

    /// The most refresh requests of one chain that were in flight together. Processing takes no time by itself, so
    /// set a delay on the token endpoint to make an overlap visible.
    pub fn max_concurrent_refreshes(&self, personality: &str) -> usize {
        self.named(personality).refreshes().most_at_once
    }

    /// Every access and refresh token that would be accepted now.
    pub fn live_tokens(&self, personality: &str) -> Vec<LiveToken> {
        let provider = self.named(personality);
        provider.ledger().live_tokens(provider.personality, self.now())
    }

    /// What a live access token can do, whatever its label says; `None` if it is not alive anywhere.
    pub fn token_can(&self, access_token: &str) -> Option<Vec<String>> {
        let mut facts = self
            .providers
            .iter()
            .filter_map(|provider| self.access_facts(provider, access_token));
        facts.next().map(|facts| facts.scopes)
    }

    /// Whether an access or refresh token would be accepted now.
    pub fn is_live(&self, token: &str) -> bool {
        self.token_can(token).is_some()
            || self.providers.iter().any(|provider| {
                provider
                    .ledger()
                    .refresh_facts(provider.personality, token, self.now())
                    .is_some()
            })
    }

    /// The lifetime of access tokens from now on, also where the personality has none.
    pub fn set_access_ttl(&self, personality: &str, seconds: u64) {
        self.named(personality).knobs().access_ttl = Some(seconds);
    }

    /// Whether consent is asked for or given at once.
    pub fn consent_mode(&self, personality: &str, mode: ConsentMode) {
        self.named(personality).knobs().consent = mode;
    }

    /// Delays every request to an endpoint before it is processed; 0 stops that.
    pub fn set_delay(&self, personality: &str, endpoint: Endpoint, millis: u64) {
        self.named(personality).knobs().delays_ms.insert(endpoint, millis);
    }

    /// Signs ID tokens with a new key from now on; the old one stays published.
    pub fn rotate_signing_key(&self) -> std::io::Result<()> {
        lock(&self.signing_keys).rotate()
    }

    /// Every access token, refresh token, code and ID token issued in this run, dead ones too.
    pub fn issued_secrets(&self) -> Vec<IssuedSecret> {
        self.secrets.all()
    }

    /// The stable id a client finds for an account at the identity call.
    pub fn account_id(&self, personality: &str, account: &str) -> String {
        account::account_id(self.named(personality).personality, account)
    }

    /// The base URL of a personality; for an OpenID Provider this is its issuer.
    pub fn issuer(&self, personality: &str) -> String {
        format!("{}/{personality}", self.base_url)
    }

    pub(crate) fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers
            .iter()
            .find(|provider| provider.personality.name == name)
    }

    pub(crate) fn client(&self, client_id: &str) -> Option<&ClientRegistration> {
        self.clients.iter().find(|client| client.client_id == client_id)
    }

    /// What a live access token of this provider stands for.
    pub(crate) fn access_facts(&self, provider: &Provider, token: &str) -> Option<TokenFacts> {
        provider
            .ledger()
            .access_facts(provider.personality, token, self.now())
    }

    pub(crate) fn mint(&self, provider: &Provider) -> Mint<'_> {
        Mint {
            personality: provider.personality,
            secrets: &self.secrets,
            now: self.now(),
            access_ttl: provider.knobs().access_ttl,
        }
    }

    fn named(&self, personality: &str) -> &Provider {
        let Some(provider) = self.provider(personality) else {
            panic!("there is no personality called {personality}");
        };
        provider
    }
}
