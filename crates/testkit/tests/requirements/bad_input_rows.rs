//! Rows that somebody or something has damaged: whoever needs one is told to try again later, the log names table, row and
//! column once, nothing panics, and everybody else goes on (TOK-5.2-01, TE-2.2.2-10).

mod damages;
mod lists;
mod revoking;
mod sealed;

use vouchsafe_testkit::{
    AGENT_ID, Agent, Browser, ClientSetup, Connected, Http, PASSWORD, PROVIDER, Page, Reply, TestApp,
    both_databases,
};

use damages::{Act, DAMAGES, Damage};

/// Ada, whose rows are damaged, and Bob, whose are not.
struct World {
    app: TestApp,
    ada: Connected,
    bob: Connected,
}

/// What an act needs from the time before the damage.
enum Ready {
    Nothing,
    Code(String),
    Form(Page),
    Callback(String),
}

impl World {
    async fn new(mut app: TestApp) -> Self {
        for name in ["bob", "carol"] {
            app.user(name).await;
        }
        let (mut ada, bob) = (app.connected("ada").await, app.connected("bob").await);
        // Something of Ada's that waits.
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret).ceiling(PROVIDER, "openid read write"))
            .await;
        let second = Agent::basic(&app.base, "second-agent", secret);
        let subject_token = app.subject_token(&mut ada.browser, "second-agent", &second).await;
        assert_eq!(
            second.exchange(&subject_token, PROVIDER, &[]).await.error(),
            "interaction_required"
        );
        Self { app, ada, bob }
    }

    async fn prepare(&mut self, act: Act) -> Ready {
        let browser = &mut self.ada.browser;
        match act {
            Act::Redeem => {
                let code = self.app.code(browser, AGENT_ID).await;
                // Something changes that has nothing to do with it, so that there are changes to be looked at.
                self.app
                    .reset_password("carol", &format!("another {code} for carol"))
                    .await;
                Ready::Code(code)
            }
            Act::SignIn => Ready::Form(browser.open(&format!("{}/login", self.app.base)).await),
            Act::Callback => {
                let page = browser
                    .open(&format!("{}/connect/{PROVIDER}", self.app.base))
                    .await;
                let left = browser.submit(&page, Some("connect"), &[]).await;
                let there = Browser::default()
                    .open(left.redirect().expect("it left").as_str())
                    .await;
                Ready::Callback(there.redirect().expect("it comes back").to_string())
            }
            _ => Ready::Nothing,
        }
    }

    async fn act(&self, act: Act, ready: Ready) -> Reply {
        let (
            app,
            Connected {
                browser,
                agent,
                subject_token,
            },
        ) = (&self.app, &self.ada);
        let mut browser = browser.clone();
        match (act, ready) {
            (Act::Redeem, Ready::Code(code)) => redeemed(agent, &code).await,
            (Act::SignIn, Ready::Form(page)) => {
                let fields = [("username", "ada"), ("password", PASSWORD)];
                browser.submit(&page, Some("sign-in"), &fields).await.reply
            }
            (Act::Callback, Ready::Callback(url)) => browser.open(&url).await.reply,
            (Act::Open(path) | Act::See(path), _) => {
                browser.open(&format!("{}/{path}", app.base)).await.reply
            }
            (Act::Authorize, _) => browser.open(&app.authorize_url(AGENT_ID)).await.reply,
            (Act::Records, _) => app.admin("GET", "records?after=0&limit=1000").await,
            (Act::Ready, _) => Http::default().get(&format!("{}/readyz", app.base)).await,
            _ => agent.exchange(subject_token, PROVIDER, &[]).await.reply,
        }
    }

    async fn run(&mut self, damage: &Damage) {
        let Damage {
            table, key, column, ..
        } = *damage;
        let what = format!("{table}.{column} {:?}", damage.act);
        let ready = self.prepare(damage.act).await;
        let ada = self
            .app
            .texts("SELECT id AS text FROM users WHERE username = 'ada'")
            .remove(0);
        let which = damage.which.replace("{ada}", &ada);
        let rows = self.app.texts(&format!(
            "SELECT CAST({key} AS TEXT) AS text FROM {table} WHERE {which}"
        ));
        assert!(!rows.is_empty(), "{what}: there is no such row");
        let logged = self.app.logs().len();
        self.app.sql(&format!(
            "CREATE TABLE kept AS SELECT {key} AS k, {column} AS c FROM {table} WHERE {which}"
        ));
        self.app
            .sql(&format!("UPDATE {table} SET {column} = 'garbled' WHERE {which}"));
        let reply = self.act(damage.act, ready).await;
        check(&what, damage.act, &reply);
        if damage.hers {
            self.bob
                .agent
                .exchange(&self.bob.subject_token, PROVIDER, &[])
                .await
                .token();
            let page = self
                .bob
                .browser
                .open(&format!("{}/connections", self.app.base))
                .await;
            assert_eq!(page.reply.status, 200, "{what}: Bob's page");
        }
        let logs = self.app.logs();
        let said = |row: &String| {
            let sentence = format!("row {row} of `{table}` is damaged: column `{column}` cannot be read");
            let unnamed = format!("a row of `{table}` is damaged: column `{column}` cannot be read");
            logs[logged..].contains(&sentence) || (table == "instance" && logs[logged..].contains(&unnamed))
        };
        let damaged = || {
            logs[logged..]
                .lines()
                .filter(|line| line.contains("damaged"))
                .collect::<Vec<_>>()
        };
        assert!(
            rows.iter().any(said),
            "{what}: the log does not name one of {rows:?}: {:?}",
            damaged()
        );
        self.app.sql(&format!(
            "UPDATE {table} SET {column} = (SELECT c FROM kept WHERE k = {table}.{key}) \
             WHERE {table}.{key} IN (SELECT k FROM kept)"
        ));
        self.app.sql("DROP TABLE kept");
    }
}

async fn redeemed(agent: &Agent, code: &str) -> Reply {
    let pkce = vouchsafe_testkit::Pkce::default();
    let parameters = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", "https://agent.test/callback"),
        ("code_verifier", &pkce.verifier),
    ];
    agent.request(&parameters).await.reply
}

fn check(what: &str, act: Act, reply: &Reply) {
    if matches!(act, Act::Records) && reply.status == 500 {
        // Whoever proved to be the operator may be told at once.
        assert!(
            reply.json()["detail"]
                .as_str()
                .is_some_and(|text| text.contains("is damaged")),
            "{what}"
        );
        return;
    }
    if matches!(act, Act::See(_)) {
        // Trying again would not help, and the rest of the page is as good as ever.
        assert_eq!(reply.status, 200, "{what}: {}", reply.text());
        assert!(
            reply.text().contains("Not everything can be shown here"),
            "{what}"
        );
        assert!(reply.text().contains("id=\"sign-out\""), "{what}");
        return;
    }
    assert_eq!(reply.status, 503, "{what}: {}", reply.text());
    assert_eq!(reply.header("cache-control"), "no-store", "{what}");
    assert!(
        !reply.text().contains("damaged: column"),
        "{what}: what the log says is not for everybody"
    );
    match act {
        Act::Exchange | Act::Redeem => {
            assert_eq!(reply.json()["error"], "temporarily_unavailable", "{what}");
            assert_eq!(reply.header("retry-after"), "5", "{what}");
        }
        Act::Records => assert_eq!(reply.header("content-type"), "application/problem+json", "{what}"),
        Act::Ready => {
            assert_eq!(reply.json()["status"], "not_ready");
            assert!(
                reply.text().contains("a row that the server needs is damaged"),
                "{}",
                reply.text()
            );
        }
        _ => assert_eq!(reply.header("content-type"), "text/html; charset=utf-8", "{what}"),
    }
}

both_databases! {
    async fn tok_5_2_01_te_2_2_2_10__a_damaged_row_stops_those_who_need_it_and_nobody_else(app: TestApp) {
        let mut world = World::new(app).await;
        for damage in &DAMAGES {
            world.run(damage).await;
        }
        let World { app, ada, .. } = world;
        ada.agent.exchange(&ada.subject_token, PROVIDER, &[]).await.token();
        assert!(!app.logs().contains("a handler panicked") && !app.logs().contains("its code panicked"));
        app.finish().await;
    }

    async fn a_damaged_row_of_one_hides_no_other_from_people_or_jobs(app: TestApp) {
        let mut app = app;
        let Connected { mut browser, .. } = app.connected("ada").await;
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret).ceiling(PROVIDER, "openid")).await;
        app.oidc_provider("second-idp", "static").await;
        app.sql("UPDATE clients SET scope = 'garbled' WHERE id = 'second-agent'");
        app.sql("UPDATE providers SET hosts = 'garbled' WHERE id = 'second-idp'");
        app.sql("INSERT INTO jobs (id, kind, payload, state, run_at, attempts, created_at) VALUES ('garbled', 'x', 'x', 'waiting', 0, 0, 0)");
        let page = browser.open(&format!("{}/connections", app.base)).await;
        assert_eq!(page.reply.status, 200, "{}", page.reply.text());
        let page = browser.open(&format!("{}/connect/{PROVIDER}", app.base)).await;
        assert_eq!(page.reply.status, 200, "{}", page.reply.text());
        // Revoking is a job: it is done although the job before it cannot be read.
        let connection = app.texts("SELECT id AS text FROM connections").remove(0);
        let hosts = "(SELECT hosts FROM providers WHERE id = 'demo-idp')";
        app.sql(&format!("UPDATE providers SET hosts = {hosts} WHERE id = 'second-idp'"));
        assert_eq!(app.admin("POST", &format!("connections/{connection}/revoke")).await.status, 200);
        // The revocation may be done at once; the runner comes by a little later.
        let told = "row garbled of `jobs` is damaged";
        for _ in 0..500 {
            let done = app.texts("SELECT state AS text FROM upstream_revocations") == ["revoked_upstream"];
            if done && app.logs().contains(told) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(app.texts("SELECT state AS text FROM upstream_revocations"), ["revoked_upstream"]);
        for sentence in [
            "row second-agent of `clients` is damaged",
            "row second-idp of `providers` is damaged",
            told,
        ] {
            assert!(app.logs().contains(sentence), "{sentence}");
        }
        app.finish_tampered().await;
    }
}
