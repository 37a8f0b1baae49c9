//! Connections, grants, tokens, keys, delegations and revocations.

use vouchsafe_model::*;

use super::fixtures::{World, at};
use super::*;
use crate::{
    StoreError, access_tokens, connections, data_keys, delegations, seals, server_keys, upstream_grants,
    upstream_revocations,
};

both_databases! {
    async fn a_connection_reads_back_in_each_of_its_states(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let mut connection = world.connection.clone();
            assert_eq!(connections::by_id(tx, &connection.id)?.as_ref(), Some(&connection));
            connection.state =
                ConnectionState::NeedsConsent { reason: ReconnectReason::HostsChanged, since: at(9) };
            (connection.version, connection.account_label) = (2, None);
            assert!(connections::update(tx, &connection, 1)?);
            let live = connections::live_of_user_provider(tx, &world.user.id, &world.provider.id)?;
            assert_eq!(live, [connection.clone()]);
            assert_eq!(connections::each_live(tx)?.len(), 1);
            (connection.state, connection.version) = (ConnectionState::Revoked { at: at(10) }, 3);
            assert!(connections::update(tx, &connection, 2)?);
            let found = connections::by_provider_account(tx, &world.provider.id, "4711")?;
            assert_eq!(found, [connection.clone()]);
            assert_eq!(connections::each_of_user(tx, &world.user.id)?, [Ok(connection.clone())]);
            assert_eq!(connections::live_of_user_provider(tx, &world.user.id, &world.provider.id)?, []);
            assert!(connections::each_live(tx)?.is_empty());
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn ar_06__a_revoked_connection_never_changes_again(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let mut connection = world.connection.clone();
            (connection.state, connection.version) = (ConnectionState::Revoked { at: at(10) }, 2);
            assert!(connections::update(tx, &connection, 1)?);
            (connection.state, connection.version) = (ConnectionState::Active, 3);
            assert!(!connections::update(tx, &connection, 2)?);
            let stored = connections::by_id(tx, &connection.id)?.unwrap();
            assert_eq!(stored.state, ConnectionState::Revoked { at: at(10) });
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn a_connection_keeps_its_owner_and_account(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let mut stolen = world.connection.clone();
            stolen.user_id = world.ids.next();
            assert!(!connections::update(tx, &stolen, 1)?);
            let mut moved = world.connection.clone();
            moved.account_id = "666".to_owned();
            assert!(!connections::update(tx, &moved, 1)?);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn of_twenty_updates_of_one_version_one_succeeds(test: TestStore) {
        let world = World::in_store(&test.store).await;
        let tasks: Vec<_> = (0..20).map(|n| {
            let (store, mut connection) = (test.store.clone(), world.connection.clone());
            (connection.version, connection.updated_at) = (2, at(n));
            tokio::spawn(async move { store.write(move |tx| connections::update(tx, &connection, 1)).await })
        }).collect();
        let mut updated = 0;
        for task in tasks {
            updated += u32::from(task.await.unwrap().unwrap());
        }
        assert_eq!(updated, 1);
    }

    async fn using_a_connection_is_noted_beside_its_version(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            assert_eq!(connections::last_used(tx, &world.connection.id)?, None);
            connections::touch_used(tx, &world.connection.id, at(77))?;
            assert_eq!(connections::last_used(tx, &world.connection.id)?, Some(at(77)));
            assert_eq!(connections::by_id(tx, &world.connection.id)?, Some(world.connection.clone()));
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn of_twenty_who_want_the_lease_one_gets_it(test: TestStore) {
        let world = World::in_store(&test.store).await;
        let tasks: Vec<_> = (0..20).map(|_| {
            let (store, id) = (test.store.clone(), world.grant.id.clone());
            tokio::spawn(async move {
                store.write(move |tx| upstream_grants::take_lease(tx, &id, "me", at(200), at(100))).await
            })
        }).collect();
        let mut taken = 0;
        for task in tasks {
            taken += u32::from(task.await.unwrap().unwrap());
        }
        assert_eq!(taken, 1);
        let id = world.grant.id.clone();
        test.store.write(move |tx| {
            assert!(!upstream_grants::release_lease(tx, &id, "somebody else")?);
            assert!(upstream_grants::take_lease(tx, &id, "next", at(400), at(200))?, "it has run out");
            assert!(!upstream_grants::release_lease(tx, &id, "me")?);
            assert!(upstream_grants::release_lease(tx, &id, "next")?);
            assert!(upstream_grants::take_lease(tx, &id, "me", at(400), at(200))?);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn a_grant_is_rotated_from_the_expected_version_only(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let mut grant = world.grant.clone();
            assert!(upstream_grants::set_outcome_unknown(tx, &grant.id, 1, Some(at(5)))?);
            assert!(!upstream_grants::set_outcome_unknown(tx, &grant.id, 2, Some(at(6)))?);
            (grant.version, grant.refresh_token) = (2, None);
            assert!(upstream_grants::rotate(tx, &grant, 1)?);
            assert!(!upstream_grants::rotate(tx, &grant, 1)?);
            assert_eq!(upstream_grants::by_id(tx, &grant.id)?.as_ref(), Some(&grant));
            assert_eq!(upstream_grants::of_connection(tx, &grant.connection_id)?, [grant.clone()]);
            assert_eq!(upstream_grants::delete_of_connection(tx, &grant.connection_id)?, 1);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn a_new_access_token_replaces_the_old_one(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let (old, new) = (world.access_token(), world.access_token());
            access_tokens::put(tx, &old)?;
            access_tokens::put(tx, &new)?;
            let mut other = world.access_token();
            (other.scope_key, other.expires_at) = ("user".to_owned(), Some(at(5)));
            access_tokens::put(tx, &other)?;
            assert_eq!(access_tokens::find(tx, &world.grant.id, "", "repo")?.as_ref(), Some(&new));
            assert_eq!(access_tokens::find(tx, &world.grant.id, "x", "repo")?, None);
            assert_eq!(access_tokens::of_connection(tx, &world.connection.id)?.len(), 2);
            assert_eq!(access_tokens::delete_of_grant(tx, &world.grant.id)?, 2);
            access_tokens::put(tx, &old)?;
            assert_eq!(access_tokens::delete_of_connection(tx, &world.connection.id)?, 1);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn a_new_decision_replaces_the_old_one(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            delegations::put(tx, &world.tag(world.delegation()))?;
            let mut denial = world.delegation();
            (denial.decision, denial.scope) = (DelegationDecision::Denied, ScopeBound::Everything);
            (denial.expires_at, denial.version) = (None, 2);
            let denial = world.tag(denial);
            delegations::put(tx, &denial)?;
            let (user, client) = (&world.user.id, &world.client.id);
            let found = delegations::by_user_client_connection(tx, user, client, &world.connection.id)?;
            let (value, tag) = found.unwrap().into_parts();
            assert_eq!((&value, &tag), (denial.unverified(), denial.tag()));
            assert!(delegations::by_id(tx, &value.id)?.is_some());
            assert_eq!(delegations::of_user(tx, user)?.len(), 1);
            assert_eq!(delegations::of_connection(tx, &world.connection.id)?.len(), 1);
            let of_provider = delegations::of_user_client_provider(tx, user, client, &world.provider.id)?;
            assert_eq!(of_provider.len(), 1);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn a_sealed_value_anywhere_is_noticed(test: TestStore) {
        let world = World::new();
        assert_eq!(test.store.read(seals::any).await, Ok(false));
        let key = ServerKey {
            id: world.ids.next(),
            purpose: KeyPurpose::Signing,
            state: KeyState::Active,
            sealed: vec![1; 60],
            public: Some(vec![2; 32]),
            created_at: at(1),
        };
        let copy = key.clone();
        test.store.write(move |tx| server_keys::insert(tx, &copy)).await.unwrap();
        assert_eq!(test.store.read(server_keys::all).await, Ok(vec![key]));
        assert_eq!(test.store.read(seals::any).await, Ok(true));
    }

    async fn forgetting_destroys_secrets_and_their_key(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let (key, mut revocation) = (world.data_key(), world.revocation());
            data_keys::insert(tx, &key)?;
            let secret = world.revocation_secret(&revocation);
            upstream_revocations::insert(tx, &revocation, std::slice::from_ref(&secret))?;
            assert_eq!(upstream_revocations::secrets(tx, &revocation.id)?, [secret]);
            (revocation.attempts, revocation.reason) = (1, Some("timeout".to_owned()));
            assert!(upstream_revocations::update(tx, &revocation)?);
            assert_eq!(upstream_revocations::pending(tx)?, [revocation.clone()]);

            // The grant is still there, so its key is too.
            assert!(upstream_revocations::forget(tx, &revocation.id, at(50))?);
            assert_eq!(data_keys::by_id(tx, &key.id)?, Some(key.clone()));

            upstream_grants::delete_of_connection(tx, &world.connection.id)?;
            let mut connection = world.connection.clone();
            (connection.state, connection.version) = (ConnectionState::Revoked { at: at(10) }, 2);
            assert!(connections::update(tx, &connection, 1)?);
            upstream_revocations::update(tx, &revocation)?;
            assert!(upstream_revocations::forget(tx, &revocation.id, at(60))?);
            assert!(upstream_revocations::secrets(tx, &revocation.id)?.is_empty());
            assert_eq!(data_keys::of_connection(tx, &world.connection.id)?, []);
            let stored = upstream_revocations::of_connection(tx, &world.connection.id)?;
            assert_eq!(stored[0].forgotten_at, Some(at(60)));
            assert!(upstream_revocations::pending(tx)?.is_empty());
            assert!(!upstream_revocations::forget(tx, &world.ids.next(), at(60))?);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn one_secret_can_be_destroyed_alone(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let revocation = world.revocation();
            let first = world.revocation_secret(&revocation);
            let second = RevocationSecret { origin_row: "uat_x".to_owned(), ..first.clone() };
            upstream_revocations::insert(tx, &revocation, &[first.clone(), second.clone()])?;
            assert!(upstream_revocations::delete_secret(tx, &revocation.id, &first.origin_row)?);
            assert!(!upstream_revocations::delete_secret(tx, &revocation.id, &first.origin_row)?);
            assert_eq!(upstream_revocations::secrets(tx, &revocation.id)?, [second]);
            assert_eq!(upstream_revocations::by_id(tx, &revocation.id)?, Some(revocation));
            let key = world.data_key();
            data_keys::insert(tx, &key)?;
            assert!(data_keys::delete(tx, &key.id)?);
            assert!(!data_keys::delete(tx, &key.id)?);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }
}
