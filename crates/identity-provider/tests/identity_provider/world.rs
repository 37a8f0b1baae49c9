//! A server without HTTP, a provider with it, and people who travel between them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Handle;
use vouchsafe_audit::{Event, EventKind, Ledger, Origin};
use vouchsafe_fake_upstream::{ConsentMode, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, FakeUpstream, Options};
use vouchsafe_identity_provider::catalogue::template;
use vouchsafe_identity_provider::{
    Applied, Begin, Callback, ConnectError, ConnectOptions, Connected, Departure, Egress, EgressOptions,
    Entry, EntryOverrides, Fresh, IdentityProvider, Parts, ProviderDefinition, Want, holdings,
};
use vouchsafe_model::{
    Clock, Connection, ConnectionId, FixedClock, Ids, InstanceId, ManagedBy, OsEntropy, ProviderId, Secret,
    Session, UnixMillis, UpstreamGrant, User, UserStatus,
};
use vouchsafe_oauth_types::Scope;
use vouchsafe_store::{
    Location, RecordRow, Store, StoreError, StoreOptions, Tx, connections, head, instance, records,
    server_keys, sessions, upstream_grants, users,
};
use vouchsafe_vault::{FileKeyProvider, Vault};

use crate::entries;

pub(crate) const ISSUER: &str = "https://vouchsafe.example";

/// Everything of one test.
pub(crate) struct World {
    pub(crate) upstream: FakeUpstream,
    pub(crate) clock: FixedClock,
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) ledger: Ledger,
    pub(crate) ids: Ids,
    pub(crate) idp: IdentityProvider,
    pub(crate) ada: Person,
    pub(crate) directory: TempDir,
}

/// A person in a browser.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) user: User,
    pub(crate) session: Session,
}

impl World {
    pub(crate) async fn start() -> Self {
        let upstream = FakeUpstream::start(Options {
            consent: ConsentMode::Auto,
            ..Options::default()
        })
        .unwrap();
        let now = UnixMillis::from_seconds(i64::try_from(upstream.now()).unwrap());
        let clock = FixedClock::at(now);
        let ids = Ids::new(Arc::new(clock.clone()), Arc::new(OsEntropy));
        let directory = TempDir::new().unwrap();
        let store = Store::open(
            Location::Sqlite(directory.path().join("db")),
            StoreOptions::default(),
        )
        .unwrap();
        store.migrate().unwrap();
        let instance_id: InstanceId = ids.next();
        let key = FileKeyProvider::from_file_text(&FileKeyProvider::generate(&ids)).unwrap();
        let (vault, keys) = Vault::create(instance_id.clone(), &key, ids.clone(), now).unwrap();
        store
            .write(move |tx| {
                instance::insert(tx, &instance_id, now)?;
                keys.iter().try_for_each(|key| server_keys::insert(tx, key))
            })
            .await
            .unwrap_or_else(|error: StoreError| panic!("{error}"));
        let ledger = Ledger::new(vault.clone(), Arc::new(clock.clone()), ids.clone());
        let internal = upstream.base_url().strip_prefix("http://").unwrap().to_owned();
        let egress = Egress::new(EgressOptions {
            internal_hosts: vec![internal],
            timeout: Duration::from_secs(3),
            ..EgressOptions::default()
        })
        .unwrap();
        let idp = IdentityProvider::new(Parts {
            store: store.clone(),
            ledger: ledger.clone(),
            vault: vault.clone(),
            egress,
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            issuer: ISSUER.to_owned(),
            handle: Handle::current(),
            options: ConnectOptions::default(),
        });
        let ada = person(&store, &vault, &ids, now, "ada").await;
        Self {
            upstream,
            clock,
            store,
            vault,
            ledger,
            ids,
            idp,
            ada,
            directory,
        }
    }

    pub(crate) async fn person(&self, name: &str) -> Person {
        person(&self.store, &self.vault, &self.ids, self.clock.now(), name).await
    }

    /// Both clocks.
    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.upstream.advance(i64::try_from(seconds).unwrap());
    }

    /// A provider entry for a personality of the fake, under the same name.
    pub(crate) async fn provider(&self, personality: &str) -> ProviderId {
        self.provider_with(personality, personality, "").await
    }

    /// The same with another id and more fields.
    pub(crate) async fn provider_with(&self, id: &str, personality: &str, fields: &str) -> ProviderId {
        let entry = self.entry(personality, fields).await;
        let applied = self.apply(id, entry).await;
        assert_eq!(applied, Applied::Changed);
        id.parse().unwrap()
    }

    pub(crate) async fn apply(&self, id: &str, entry: Entry) -> Applied {
        let definition = ProviderDefinition {
            id: id.parse().unwrap(),
            entry,
            client_id: DEFAULT_CLIENT_ID.to_owned(),
            client_secret: Some(Secret::from(DEFAULT_CLIENT_SECRET)),
            managed_by: ManagedBy::Config,
        };
        self.idp.apply_provider(definition).await.unwrap()
    }

    pub(crate) async fn entry(&self, personality: &str, more: &str) -> Entry {
        let base = format!("{}/{personality}", self.upstream.base_url());
        let (name, fields) = entries::fields_of(personality, &base);
        let fields: toml::Table = entries::merged(&fields, more);
        let internal = self
            .upstream
            .base_url()
            .strip_prefix("http://")
            .unwrap()
            .to_owned();
        let overrides = EntryOverrides {
            vars: BTreeMap::new(),
            fields,
            internal_hosts: vec![internal],
        };
        let entry = template(name)
            .unwrap()
            .resolve(overrides)
            .unwrap_or_else(|error| panic!("{error}"));
        self.idp
            .discover(&entry)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"))
    }

    pub(crate) fn begin(person: &Person, provider: &ProviderId) -> Begin {
        Begin {
            user: person.user.clone(),
            session: person.session.clone(),
            provider_id: provider.clone(),
            scope: None,
            reconnect: None,
            client_id: None,
            interaction_id: None,
            approved: None,
            origin: Origin::background(),
        }
    }

    pub(crate) async fn depart(&self, begin: Begin) -> Departure {
        self.idp
            .begin(begin)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// To the provider and back, with everything that an honest browser brings.
    pub(crate) async fn travel(
        &self,
        person: &Person,
        provider: &ProviderId,
        departure: &Departure,
    ) -> Callback {
        let browser = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let response = browser.get(&departure.url).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 302, "{}", departure.url);
        let location = response.headers()["location"].to_str().unwrap();
        let location = url::Url::parse(location).unwrap();
        assert_eq!(location.path(), format!("/connect/callback/{provider}"));
        let field = |name: &str| {
            location
                .query_pairs()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        Callback {
            provider_id: provider.clone(),
            user: person.user.clone(),
            session: person.session.clone(),
            code: field("code").map(Secret::new),
            state: field("state"),
            error: field("error"),
            iss: field("iss"),
            cookies: vec![(departure.cookie_name.clone(), departure.cookie_value.clone())],
            origin: Origin::background(),
        }
    }

    pub(crate) async fn try_connect(&self, person: &Person, begin: Begin) -> Result<Connected, ConnectError> {
        let provider = begin.provider_id.clone();
        let departure = self.idp.begin(begin).await?;
        let callback = self.travel(person, &provider, &departure).await;
        self.idp.finish(callback).await
    }

    /// Ada connects an account.
    pub(crate) async fn connect(&self, provider: &ProviderId) -> Connection {
        let connected = self
            .try_connect(&self.ada, Self::begin(&self.ada, provider))
            .await;
        connected.unwrap_or_else(|error| panic!("{error:?}")).connection
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.read(f).await.unwrap()
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.write(f).await.unwrap()
    }

    pub(crate) async fn connection(&self, id: &ConnectionId) -> Option<Connection> {
        let id = id.clone();
        self.read(move |tx| connections::by_id(tx, &id)).await
    }

    pub(crate) async fn connections(&self, person: &Person) -> Vec<Connection> {
        let id = person.user.id.clone();
        self.read(move |tx| connections::each_of_user(tx, &id)?.into_iter().collect())
            .await
    }

    pub(crate) async fn grants(&self, id: &ConnectionId) -> Vec<UpstreamGrant> {
        let id = id.clone();
        self.read(move |tx| upstream_grants::of_connection(tx, &id)).await
    }

    /// The only grant.
    pub(crate) async fn grant(&self, id: &ConnectionId) -> UpstreamGrant {
        let mut grants = self.grants(id).await;
        assert_eq!(grants.len(), 1);
        grants.remove(0)
    }

    /// The whole token of the only grant.
    pub(crate) async fn want(&self, id: &ConnectionId) -> Want {
        Want {
            grant_id: self.grant(id).await.id,
            audience: String::new(),
            narrow: None,
        }
    }

    pub(crate) async fn warm(&self, connection: &Connection, want: &Want) -> Option<Fresh> {
        let connection = self.connection(&connection.id).await.unwrap();
        let of = connection.clone();
        let held = self.read(move |tx| holdings(tx, &of)).await;
        held.warm(
            &self.vault,
            &connection,
            want,
            self.clock.now(),
            Duration::from_secs(60),
        )
        .unwrap()
    }

    /// Everything on the record, oldest first.
    pub(crate) async fn records(&self) -> Vec<RecordRow> {
        self.read(|tx| records::range(tx, 1, 100_000)).await
    }

    /// The facts of all events of a kind.
    pub(crate) async fn facts(&self, kind: EventKind) -> Vec<serde_json::Value> {
        let records = self.records().await;
        let of_kind = records.iter().filter(|record| record.event == kind.as_str());
        of_kind.map(|record| body(record)["facts"].clone()).collect()
    }

    /// Puts an event on the record.
    pub(crate) async fn note(&self, event: Event) {
        let ledger = self.ledger.clone();
        self.write(move |tx| ledger.append(tx, event).map(drop)).await;
    }

    pub(crate) async fn change_seq(&self) -> i64 {
        self.read(|tx| Ok(head::peek(tx)?.change_seq)).await
    }

    /// All bytes of the database, and of what lies beside it.
    pub(crate) fn database_bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.directory.path()).unwrap();
        files
            .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .collect()
    }
}

pub(crate) fn body(record: &RecordRow) -> serde_json::Value {
    serde_json::from_slice(&record.body).unwrap()
}

pub(crate) fn scope(text: &str) -> Scope {
    Scope::parse(text).unwrap()
}

async fn person(store: &Store, vault: &Vault, ids: &Ids, now: UnixMillis, name: &str) -> Person {
    let user = User {
        id: ids.next(),
        username: name.to_owned(),
        pseudonym: format!("pseudonym-of-{name}"),
        status: UserStatus::Active,
        managed_by: ManagedBy::Admin,
        credentials_reset_at: None,
        created_at: now,
    };
    let session = Session {
        id: ids.next(),
        user_id: user.id.clone(),
        secret: vault.digest("session", ids.secret_text().expose()),
        authenticated_at: now,
        expires_at: now + Duration::from_secs(12 * 3600),
    };
    let (row, session_row) = (vault.tag(user.clone()), vault.tag(session.clone()));
    let written: Result<(), StoreError> = store
        .write(move |tx| {
            users::put(tx, &row)?;
            sessions::insert(tx, &session_row)
        })
        .await;
    written.unwrap();
    Person { user, session }
}

impl World {
    /// Runs the jobs until nothing is due any more.
    pub(crate) async fn settle_jobs(&self) {
        let (stop, until) = tokio::sync::watch::channel(false);
        let idp = self.idp.clone();
        let runner = tokio::spawn(async move { idp.run_jobs(until).await });
        for _ in 0..200 {
            let now = self.clock.now();
            let next = self.read(vouchsafe_store::jobs::next_due).await;
            if next.is_none_or(|next| next > now) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send(true).unwrap();
        runner.await.unwrap();
    }
}
