//! Nothing that a flow rests on may have changed since it began (AR-19).

use vouchsafe_audit::{Event, EventKind};
use vouchsafe_identity_provider::{Begin, ConnectError, Connected};
use vouchsafe_model::{
    ApprovedDelegation, Ceiling, Change, ChangeKind, Client, ClientAuthMethod, ClientId, ClientStatus,
    Delegation, DelegationDecision, Interaction, InteractionId, InteractionState, ManagedBy, ProviderId,
    ScopeBound, UserStatus,
};
use vouchsafe_oauth_types::{InteractionReason, Scope};
use vouchsafe_store::{clients, delegations, interactions, sessions, users};

use crate::world::{World, scope};

struct Flow {
    client: Client,
    interaction: InteractionId,
}

impl World {
    async fn flow(&self, provider: &ProviderId) -> Flow {
        let client = Client {
            id: "agent".parse().unwrap(),
            name: "Agent".to_owned(),
            auth_method: ClientAuthMethod::ClientSecretBasic,
            secrets: Vec::new(),
            redirect_uris: Vec::new(),
            grant_types: Vec::new(),
            scope: Scope::empty(),
            accepts_tokens_of: Vec::new(),
            ceilings: Vec::new(),
            status: ClientStatus::Active,
            managed_by: ManagedBy::Config,
            created_at: self.now(),
        };
        let interaction = Interaction {
            id: self.ids.next(),
            binding: self.vault.digest("interaction", "x"),
            user_id: self.ada.user.id.clone(),
            client_id: client.id.clone(),
            provider_id: provider.clone(),
            scope: ScopeBound::Scopes(scope("read")),
            reason: InteractionReason::AuthorizationNeeded,
            connection_id: None,
            account: None,
            state: InteractionState::Pending,
            change_seq: 0,
            created_at: self.now(),
            expires_at: self.now() + std::time::Duration::from_secs(600),
        };
        let (row, id) = (self.vault.tag(client.clone()), interaction.id.clone());
        self.write(move |tx| {
            clients::put(tx, &row)?;
            interactions::insert(tx, &interaction)
        })
        .await;
        Flow {
            client,
            interaction: id,
        }
    }

    fn approved(&self, provider: &ProviderId, flow: &Flow) -> Begin {
        Begin {
            client_id: Some(flow.client.id.clone()),
            interaction_id: Some(flow.interaction.clone()),
            approved: Some(ApprovedDelegation {
                client_id: flow.client.id.clone(),
                scope: ScopeBound::Scopes(scope("read")),
                interaction_id: flow.interaction.clone(),
            }),
            ..Self::begin(&self.ada, provider)
        }
    }

    fn now(&self) -> vouchsafe_model::UnixMillis {
        use vouchsafe_model::Clock as _;
        self.clock.now()
    }

    async fn change(&self, kind: ChangeKind, id: &impl ToString) {
        self.note(Event::new(EventKind::ClientChanged).changes(Change::of(kind, id)))
            .await;
    }

    async fn delegation(&self, connected: &Connected, client: &ClientId) -> Option<Delegation> {
        let (user, client, id) = (
            self.ada.user.id.clone(),
            client.clone(),
            connected.connection.id.clone(),
        );
        let found = self
            .read(move |tx| delegations::by_user_client_connection(tx, &user, &client, &id))
            .await?;
        Some(self.vault.verify(found).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_approved_before_leaving_is_delegated_after_coming_back() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let flow = world.flow(&provider).await;
    let connected = world
        .try_connect(&world.ada, world.approved(&provider, &flow))
        .await
        .unwrap();
    let delegation = world.delegation(&connected, &flow.client.id).await.unwrap();
    assert_eq!(delegation.scope, ScopeBound::Scopes(scope("read")));
    assert_eq!(delegation.decision, DelegationDecision::Granted);
    assert_eq!(delegation.decided_in, world.ada.session.id);
    assert_eq!(connected.delegation, Some(delegation));
    assert_eq!(connected.interaction_id, Some(flow.interaction.clone()));
    let id = flow.interaction;
    let interaction = world.read(move |tx| interactions::by_id(tx, &id)).await.unwrap();
    assert_eq!(interaction.state, InteractionState::Approved);
    assert_eq!(world.facts(EventKind::DelegationGranted).await.len(), 1);
    assert_eq!(world.facts(EventKind::InteractionDecided).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_19__a_flow_does_not_outlive_a_change_of_what_it_rests_on() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let flow = world.flow(&provider).await;
    let subjects = [
        (ChangeKind::User, world.ada.user.id.to_string(), false),
        (ChangeKind::Session, world.ada.session.id.to_string(), false),
        (ChangeKind::Provider, provider.to_string(), false),
        (ChangeKind::Client, flow.client.id.to_string(), false),
        (ChangeKind::Client, "somebody-else".to_owned(), true),
    ];
    for (kind, id, accepted) in subjects {
        let departure = world.depart(world.approved(&provider, &flow)).await;
        let callback = world.travel(&world.ada, &provider, &departure).await;
        world.change(kind, &id).await;
        let outcome = world.idp.finish(callback).await;
        match (accepted, &outcome) {
            (true, Ok(_)) | (false, Err(ConnectError::AuthorityChanged)) => {}
            _ => panic!("{kind} {id}: {outcome:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_19__a_withdrawn_delegation_is_not_granted_again_by_a_flow_from_before() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let flow = world.flow(&provider).await;
    let connected = world
        .try_connect(&world.ada, world.approved(&provider, &flow))
        .await
        .unwrap();
    let delegation = connected.delegation.clone().unwrap();
    let departure = world.depart(world.approved(&provider, &flow)).await;
    let callback = world.travel(&world.ada, &provider, &departure).await;
    let withdrawn = Delegation {
        decision: DelegationDecision::Withdrawn,
        version: delegation.version + 1,
        ..delegation
    };
    let row = world.vault.tag(withdrawn.clone());
    world.write(move |tx| delegations::put(tx, &row)).await;
    world.change(ChangeKind::Delegation, &withdrawn.id).await;
    let outcome = world.idp.finish(callback).await;
    assert!(
        matches!(outcome, Err(ConnectError::AuthorityChanged)),
        "{outcome:?}"
    );
    assert_eq!(
        world.delegation(&connected, &flow.client.id).await,
        Some(withdrawn)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_19__an_interaction_refused_in_another_tab_ends_the_flow() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let flow = world.flow(&provider).await;
    let departure = world.depart(world.approved(&provider, &flow)).await;
    let callback = world.travel(&world.ada, &provider, &departure).await;
    let (id, now) = (flow.interaction.clone(), world.now());
    assert!(
        world
            .write(move |tx| interactions::decide(tx, &id, InteractionState::Denied, now))
            .await
    );
    let outcome = world.idp.finish(callback).await;
    assert!(
        matches!(outcome, Err(ConnectError::AuthorityChanged)),
        "{outcome:?}"
    );
    assert!(world.connections(&world.ada).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_19__nothing_begins_for_who_is_signed_out_or_disabled() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let (session, now) = (world.ada.session.id.clone(), world.now());
    world.write(move |tx| sessions::end(tx, &session, now)).await;
    let outcome = world.idp.begin(World::begin(&world.ada, &provider)).await;
    assert!(
        matches!(outcome, Err(ConnectError::AuthorityChanged)),
        "{outcome:?}"
    );
    let bob = world.person("bob").await;
    let disabled = vouchsafe_model::User {
        status: UserStatus::Disabled,
        ..bob.user.clone()
    };
    let row = world.vault.tag(disabled);
    world.write(move |tx| users::put(tx, &row)).await;
    let outcome = world.idp.begin(World::begin(&bob, &provider)).await;
    assert!(
        matches!(outcome, Err(ConnectError::AuthorityChanged)),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_19__a_client_disabled_without_a_change_still_gets_nothing() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let flow = world.flow(&provider).await;
    let departure = world.depart(world.approved(&provider, &flow)).await;
    let callback = world.travel(&world.ada, &provider, &departure).await;
    let row = world.vault.tag(Client {
        status: ClientStatus::Disabled,
        ..flow.client
    });
    world.write(move |tx| clients::put(tx, &row)).await;
    let outcome = world.idp.finish(callback).await;
    assert!(
        matches!(outcome, Err(ConnectError::AuthorityChanged)),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cl_06__the_interstitial_names_the_agents_whose_power_grows() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let flow = world.flow(&provider).await;
    let whole = Begin {
        scope: Some(scope("read")),
        approved: Some(ApprovedDelegation {
            client_id: flow.client.id.clone(),
            scope: ScopeBound::Everything,
            interaction_id: flow.interaction.clone(),
        }),
        ..world.approved(&provider, &flow)
    };
    let connection = world.try_connect(&world.ada, whole).await.unwrap().connection;
    let view = |asked: &'static str, reconnect| {
        let (idp, user, provider) = (world.idp.clone(), world.ada.user.clone(), provider.clone());
        async move {
            idp.interstitial(&user, &provider, Some(&scope(asked)), reconnect)
                .await
                .unwrap()
        }
    };
    let wider = view("admin", Some(&connection.id)).await;
    assert_eq!(wider.scopes, scope("admin read"));
    assert_eq!(
        wider
            .widens
            .iter()
            .map(|client| client.client_name.as_str())
            .collect::<Vec<_>>(),
        ["Agent"]
    );
    assert!(view("read", Some(&connection.id)).await.widens.is_empty());
    assert!(view("admin", None).await.widens.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn cl_06__a_decision_whose_time_is_over_does_not_fall_back_to_a_mark() {
    let world = World::start().await;
    let provider = world.provider("grace").await;
    let flow = world.flow(&provider).await;
    let approved = world.approved(&provider, &flow);
    let connection = world.try_connect(&world.ada, approved).await.unwrap().connection;
    let trusted = Client {
        ceilings: vec![Ceiling {
            provider_id: provider.clone(),
            scope: ScopeBound::Everything,
            trusted: Some(ScopeBound::Everything),
            allow_unbounded_raw: false,
        }],
        ..flow.client
    };
    let trusted = world.vault.tag(trusted);
    let id = connection.id.clone();
    let row = world
        .read(move |tx| delegations::of_connection(tx, &id))
        .await
        .remove(0);
    let given = Delegation {
        scope: ScopeBound::Everything,
        ..world.vault.verify(row).unwrap()
    };
    let over = Delegation {
        expires_at: Some(world.now()),
        ..given.clone()
    };
    let (given, over) = (world.vault.tag(given), world.vault.tag(over));
    world.write(move |tx| clients::put(tx, &trusted)).await;
    for (delegation, widened) in [(given, 1), (over, 0)] {
        world.write(move |tx| delegations::put(tx, &delegation)).await;
        let (user, asked) = (&world.ada.user, scope("admin"));
        let view = world
            .idp
            .interstitial(user, &provider, Some(&asked), Some(&connection.id));
        assert_eq!(view.await.unwrap().widens.len(), widened);
    }
}
