//! Interactions, connect attempts and jobs.

use vouchsafe_model::*;

use super::fixtures::{World, at};
use super::*;
use crate::connect_attempts::Callback;
use crate::{StoreError, connect_attempts, interactions, jobs};

fn callback(attempt: &ConnectAttempt) -> Callback<'_> {
    Callback {
        state_digest: &attempt.state_digest,
        cookie_digest: &attempt.cookie_digest,
        session_id: &attempt.session_id,
        user_id: &attempt.user_id,
        provider_id: &attempt.provider_id,
        now: at(500),
    }
}

both_databases! {
    async fn an_interaction_is_decided_once(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let interaction = world.interaction();
            interactions::insert(tx, &interaction)?;
            let (user, client, binding) = (&world.user.id, &world.client.id, &interaction.binding);
            assert_eq!(interactions::by_id(tx, &interaction.id)?.as_ref(), Some(&interaction));
            assert_eq!(interactions::live_by_binding(tx, binding, client, at(999))?.as_ref(), Some(&interaction));
            assert_eq!(interactions::live_by_binding(tx, binding, client, at(1_000))?, None);
            assert_eq!(interactions::each_pending_of_user(tx, user, at(20))?.len(), 1);
            assert_eq!(interactions::count_pending(tx, user, client, at(20))?, 1);
            assert_eq!(interactions::last_denied(tx, binding)?, None);

            assert!(!interactions::decide(tx, &interaction.id, InteractionState::Denied, at(1_000))?);
            assert!(interactions::decide(tx, &interaction.id, InteractionState::Denied, at(30))?);
            assert!(!interactions::decide(tx, &interaction.id, InteractionState::Approved, at(31))?);
            let (denied, when) = interactions::last_denied(tx, binding)?.unwrap();
            assert_eq!((denied.state, when), (InteractionState::Denied, at(30)));
            assert_eq!(interactions::count_pending(tx, user, client, at(20))?, 0);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn cl_03__a_callback_needs_every_binding(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let attempt = world.connect_attempt();
            connect_attempts::insert(tx, &attempt)?;
            let right = callback(&attempt);
            let other = world.connect_attempt();
            let (session, user, provider) = (world.ids.next(), world.ids.next(), "x".parse().unwrap());
            for wrong in [
                Callback { state_digest: &other.state_digest, ..right },
                Callback { cookie_digest: &other.cookie_digest, ..right },
                Callback { session_id: &session, ..right },
                Callback { user_id: &user, ..right },
                Callback { provider_id: &provider, ..right },
                Callback { now: at(1_000), ..right },
            ] {
                assert_eq!(connect_attempts::begin_redeeming(tx, wrong)?, None);
            }
            let redeeming = connect_attempts::begin_redeeming(tx, right)?.unwrap();
            assert_eq!(redeeming, ConnectAttempt { state: ConnectAttemptState::Redeeming, ..attempt.clone() });
            assert_eq!(connect_attempts::begin_redeeming(tx, right)?, None);
            assert_eq!(connect_attempts::by_state(tx, &attempt.state_digest)?, Some(redeeming));
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn of_twenty_callbacks_one_redeems(test: TestStore) {
        let world = World::in_store(&test.store).await;
        let attempt = world.connect_attempt();
        let copy = attempt.clone();
        test.store.write(move |tx| connect_attempts::insert(tx, &copy)).await.unwrap();
        let tasks: Vec<_> = (0..20).map(|_| {
            let (store, attempt) = (test.store.clone(), attempt.clone());
            tokio::spawn(async move {
                store.write(move |tx| connect_attempts::begin_redeeming(tx, callback(&attempt))).await
            })
        }).collect();
        let mut redeeming = 0;
        for task in tasks {
            redeeming += u32::from(task.await.unwrap().unwrap().is_some());
        }
        assert_eq!(redeeming, 1);
    }

    async fn the_end_of_an_attempt_wipes_its_secrets(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let attempt = world.connect_attempt();
            connect_attempts::insert(tx, &attempt)?;
            let response = Sealed::from_bytes(vec![5; 50]);
            assert!(!connect_attempts::quarantine(tx, &attempt.id, &response)?);
            connect_attempts::begin_redeeming(tx, callback(&attempt))?.unwrap();
            assert!(connect_attempts::quarantine(tx, &attempt.id, &response)?);
            let left = connect_attempts::unfinished(tx)?;
            assert_eq!(left[0].quarantine, Some(response));
            assert_eq!(connect_attempts::purge_expired(tx, at(2_000))?, 0);
            assert!(connect_attempts::finish(tx, &attempt.id, ConnectAttemptState::Done, at(600))?);
            assert!(!connect_attempts::finish(tx, &attempt.id, ConnectAttemptState::Failed, at(601))?);
            let ended = connect_attempts::by_id(tx, &attempt.id)?.unwrap();
            assert_eq!((ended.state, ended.quarantine), (ConnectAttemptState::Done, None));
            assert!(ended.secrets.as_bytes().is_empty());
            assert!(connect_attempts::unfinished(tx)?.is_empty());
            assert_eq!(connect_attempts::purge_expired(tx, at(2_000))?, 1);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn a_job_is_held_by_one_worker_at_a_time(test: TestStore) {
        let world = World::new();
        let (early, late) = (world.job(at(10)), world.job(at(20)));
        let stored = [early.clone(), late.clone()];
        test.store.write(move |tx| stored.iter().try_for_each(|job| jobs::insert(tx, job))).await.unwrap();
        let workers: Vec<_> = (0..8).map(|_| {
            let store = test.store.clone();
            tokio::spawn(async move { store.write(|tx| jobs::take_due(tx, at(15), at(100), 5)).await })
        }).collect();
        let mut taken = Vec::new();
        for worker in workers {
            taken.extend(worker.await.unwrap().unwrap());
        }
        assert_eq!(taken, [Job { lease_until: Some(at(100)), ..early.clone() }]);
        test.store.write(move |tx| {
            assert_eq!(jobs::next_due(tx)?, Some(at(20)));
            assert_eq!(jobs::take_due(tx, at(100), at(200), 5)?.len(), 2, "the lease has run out");
            assert!(jobs::retry(tx, &early.id, at(500))?);
            assert!(jobs::done(tx, &late.id)?);
            assert!(!jobs::dead(tx, &late.id)?);
            assert_eq!(jobs::next_due(tx)?, Some(at(500)));
            let again = jobs::take_due(tx, at(500), at(600), 5)?;
            assert_eq!(again[0].attempts, 1);
            assert!(jobs::dead(tx, &early.id)?);
            assert_eq!(jobs::next_due(tx)?, None);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }
}
