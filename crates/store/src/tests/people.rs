//! People, sessions, consents, codes, and what is registered.

use vouchsafe_model::*;

use super::fixtures::{World, at, session, user};
use super::*;
use crate::{
    StoreError, admin_keys, authorization_codes, authorizations, clients, identities, instance,
    issued_tokens, providers, sessions, user_credentials, users,
};

/// Tagged rows have no equality of their own: nobody but a test compares them.
fn same<T: PartialEq + std::fmt::Debug>(stored: Option<Tagged<T>>, expected: &Tagged<T>) {
    let (value, tag) = stored.expect("the row is there").into_parts();
    assert_eq!(&value, expected.unverified());
    assert_eq!(&tag, expected.tag());
}

both_databases! {
    async fn a_database_is_named_once(test: TestStore) {
        let world = World::new();
        let (id, other): (InstanceId, InstanceId) = (world.ids.next(), world.ids.next());
        assert_eq!(test.store.read(instance::get).await, Ok(None));
        let first = id.clone();
        test.store.write(move |tx| instance::insert(tx, &first, at(1))).await.unwrap();
        let again = test.store.write(move |tx| instance::insert(tx, &other, at(2))).await;
        assert_eq!(again, Err(StoreError::Conflict));
        assert_eq!(test.store.read(instance::get).await, Ok(Some(id)));
    }

    async fn a_user_reads_back_exactly_as_tagged(test: TestStore) {
        let world = World::in_store(&test.store).await;
        let mut alice = world.user.clone();
        alice.credentials_reset_at = Some(at(7));
        alice.status = UserStatus::Disabled;
        let alice = world.tag(alice);
        test.store.write(move |tx| {
            users::put(tx, &alice)?;
            same(users::by_id(tx, &alice.unverified().id)?, &alice);
            same(users::by_username(tx, "alice")?, &alice);
            assert!(users::by_username(tx, "Alice")?.is_none());
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn users_come_in_pages(test: TestStore) {
        let world = World::new();
        test.store.write(move |tx| {
            for name in ["a", "b", "c", "d", "e"] {
                users::put(tx, &world.tag(user(&world.ids, name)))?;
            }
            let first = users::page(tx, None, 2)?;
            let second = users::page(tx, Some(&first.items[1].unverified().id), 10)?;
            assert_eq!((first.items.len(), second.items.len()), (2, 3));
            assert_eq!((first.next, second.next), (Some(first.items[1].unverified().id.to_string()), None));
            let ids: Vec<_> = first.items.iter().chain(&second.items).map(|user| user.unverified().id.clone()).collect();
            assert!(ids.is_sorted());
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn a_username_belongs_to_one_user(test: TestStore) {
        let world = World::in_store(&test.store).await;
        let twin = world.tag(user(&world.ids, "alice"));
        assert_eq!(test.store.write(move |tx| users::put(tx, &twin)).await, Err(StoreError::Conflict));
    }

    async fn an_identity_belongs_to_one_user(test: TestStore) {
        let world = World::in_store(&test.store).await;
        let identity = world.tag(Identity {
            issuer: "https://idp.example".to_owned(),
            subject: "00u1".to_owned(),
            user_id: world.user.id.clone(),
            created_at: at(3),
        });
        let first = identity.clone();
        test.store.write(move |tx| identities::insert(tx, &first)).await.unwrap();
        let copy = identity.clone();
        test.store.read(move |tx| {
            same(identities::by_issuer_subject(tx, "https://idp.example", "00u1")?, &copy);
            assert!(identities::by_issuer_subject(tx, "https://idp.example", "00U1")?.is_none());
            assert_eq!(identities::of_user(tx, &copy.unverified().user_id)?.len(), 1);
            Ok::<_, StoreError>(())
        }).await.unwrap();
        let again = test.store.write(move |tx| identities::insert(tx, &identity)).await;
        assert_eq!(again, Err(StoreError::Conflict));
    }

    async fn a_new_password_replaces_the_old_one(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let user_id = world.user.id.clone();
            let credential = |hash: &str| {
                let password_hash = hash.to_owned();
                world.tag(Credential { user_id: user_id.clone(), password_hash, updated_at: at(4) })
            };
            user_credentials::put(tx, &credential("$argon2id$one"))?;
            let second = credential("$argon2id$two");
            user_credentials::put(tx, &second)?;
            same(user_credentials::of_user(tx, &user_id)?, &second);
            assert!(user_credentials::delete(tx, &user_id)?);
            assert!(!user_credentials::delete(tx, &user_id)?);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn a_session_ends_once(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let id = world.session.id.clone();
            let (found, ended) = sessions::by_secret(tx, &world.session.secret)?.unwrap();
            assert_eq!((found.unverified(), ended), (&world.session, None));
            assert!(sessions::end(tx, &id, at(30))?);
            assert!(!sessions::end(tx, &id, at(31))?);
            let (_, ended) = sessions::by_id(tx, &id)?.unwrap();
            assert_eq!(ended, Some(at(30)));
            let other = session(&world.ids, &world.user, 2);
            sessions::insert(tx, &world.tag(other.clone()))?;
            assert_eq!(sessions::end_all_of_user(tx, &world.user.id, at(32))?, [other.id]);
            assert_eq!(sessions::purge_expired(tx, at(50_000))?, 0);
            assert_eq!(sessions::purge_expired(tx, at(50_001))?, 2);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn consent_given_again_is_no_longer_withdrawn(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let given = world.tag(world.authorization());
            let id = given.unverified().id.clone();
            authorizations::put(tx, &given)?;
            assert!(authorizations::withdraw(tx, &id, at(11))?);
            assert!(!authorizations::withdraw(tx, &id, at(12))?);
            assert_eq!(authorizations::by_id(tx, &id)?.unwrap().1, Some(at(11)));
            authorizations::put(tx, &given)?;
            let found = authorizations::of_user_client(tx, &world.user.id, &world.client.id)?;
            let (found, withdrawn) = found.unwrap();
            assert_eq!(withdrawn, None);
            same(Some(found), &given);
            assert_eq!(authorizations::of_user(tx, &world.user.id)?.len(), 1);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn of_twenty_who_redeem_a_code_one_succeeds(test: TestStore) {
        let world = World::in_store(&test.store).await;
        let authorization = world.authorization();
        let code = world.tag(world.code(&authorization));
        let (consent, stored) = (world.tag(authorization), code.clone());
        test.store.write(move |tx| {
            authorizations::put(tx, &consent)?;
            authorization_codes::insert(tx, &stored)
        }).await.unwrap();
        let tasks: Vec<_> = (0..20).map(|n| {
            let (store, id) = (test.store.clone(), code.unverified().id.clone());
            tokio::spawn(async move {
                store.write(move |tx| authorization_codes::redeem(tx, &id, at(100 + n))).await
            })
        }).collect();
        let mut redeemed = 0;
        for task in tasks {
            redeemed += u32::from(task.await.unwrap().unwrap());
        }
        assert_eq!(redeemed, 1);
        test.store.write(move |tx| {
            let (found, redeemed_at) = authorization_codes::by_code(tx, &code.unverified().code)?.unwrap();
            same(Some(found), &code);
            assert!(redeemed_at.is_some());
            assert_eq!(authorization_codes::purge_expired(tx, at(60_001))?, 1);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn tokens_fall_with_what_they_came_from(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let code = world.code(&world.authorization());
            let tokens: Vec<_> = (0..4).map(|_| world.issued_token(&code)).collect();
            for (n, token) in tokens.iter().enumerate() {
                let other = world.code(&world.authorization());
                let mut token = token.clone();
                match n {
                    0 => {}
                    1 => token.code_id = other.id,
                    2 => (token.code_id, token.authorization_id) = (other.id, other.authorization_id),
                    _ => {
                        (token.code_id, token.authorization_id) = (other.id, other.authorization_id);
                        token.session_id = world.ids.next();
                    }
                }
                issued_tokens::insert(tx, &token)?;
            }
            let ids: Vec<_> = tokens.iter().map(|token| token.id.clone()).collect();
            assert_eq!(issued_tokens::revoke_of_code(tx, &code.id, at(5))?, ids[..1]);
            let authorization = &code.authorization_id;
            assert_eq!(issued_tokens::revoke_of_authorization(tx, authorization, at(6))?, ids[1..2]);
            assert_eq!(issued_tokens::revoke_of_session(tx, &code.session_id, at(7))?, ids[2..3]);
            assert_eq!(issued_tokens::revoke_of_user(tx, &code.user_id, at(8))?, ids[3..]);
            assert_eq!(issued_tokens::by_id(tx, &ids[2])?.unwrap().revoked_at, Some(at(7)));
            assert_eq!(issued_tokens::purge_expired(tx, at(900_001))?, 4);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn what_is_registered_reads_back_exactly_as_tagged(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let mut client = world.client.clone();
            client.name = "other".to_owned();
            let client = world.tag(client);
            clients::put(tx, &client)?;
            same(clients::by_id(tx, &world.client.id)?, &client);
            assert_eq!(clients::all(tx)?.len(), 1);

            let mut provider = world.provider.clone();
            (provider.client_secret, provider.enabled) = (None, false);
            let provider = world.tag(provider);
            providers::put(tx, &provider)?;
            same(providers::by_id(tx, &world.provider.id)?, &provider);
            assert_eq!(providers::all(tx)?.len(), 1);

            let key = world.tag(AdminKey {
                id: world.ids.next(),
                name: "ops".to_owned(),
                secret: ClientSecretDigest { key_id: world.ids.next(), mac: world.ids.bytes(), created_at: None },
                scopes: vec![AdminScope::Read, AdminScope::Trust],
                created_at: at(1),
                expires_at: None,
            });
            admin_keys::put(tx, &key)?;
            admin_keys::put(tx, &key)?;
            same(admin_keys::by_id(tx, &key.unverified().id)?, &key);
            assert_eq!(admin_keys::all(tx)?.len(), 1);
            assert!(admin_keys::delete(tx, &key.unverified().id)?);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }
}
