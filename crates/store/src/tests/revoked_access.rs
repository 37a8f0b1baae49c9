//! Everything of somebody, revoked by one row.

use vouchsafe_model::*;

use super::fixtures::{World, at};
use super::*;
use crate::connections::ConnectionFilter;
use crate::{StoreError, Tx, connections, revoked_access};

fn live(tx: &mut Tx<'_>, world: &World) -> Result<bool, StoreError> {
    let found = connections::by_id(tx, &world.connection.id)?.unwrap();
    Ok(!matches!(found.state, ConnectionState::Revoked { .. }))
}

fn in_state(tx: &mut Tx<'_>, state: &'static str) -> Result<usize, StoreError> {
    let filter = ConnectionFilter {
        state: Some(state),
        ..ConnectionFilter::default()
    };
    Ok(connections::page(tx, &filter, None, 10)?.items.len())
}

both_databases! {
    async fn everything_of_a_user_or_provider_is_revoked_wherever_a_connection_is_read(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let (user, provider) = (world.user.id.clone(), world.provider.id.clone());
            let born = world.connection.created_at;
            for of in [AccessOf::User(user.clone()), AccessOf::Provider(provider.clone())] {
                revoked_access::put(tx, &of, at(born.0 - 1))?;
                assert!(live(tx, &world)?, "{of}: it is younger");
                assert_eq!((in_state(tx, "active")?, in_state(tx, "revoked")?), (1, 0));
                assert!(connections::unswept(tx, &of, None, 10)?.items.is_empty());
            }
            let of = AccessOf::Provider(provider.clone());
            revoked_access::put(tx, &of, born)?;
            let dead = Connection { state: ConnectionState::Revoked { at: born }, ..world.connection.clone() };
            assert_eq!(connections::by_id(tx, &dead.id)?.as_ref(), Some(&dead));
            let dead = [dead];
            assert_eq!(connections::each_of_user(tx, &user)?, dead.clone().map(Ok));
            assert_eq!(connections::live_of_user_provider(tx, &user, &provider)?, []);
            assert_eq!(connections::by_provider_account(tx, &provider, "4711")?, dead);
            assert_eq!((in_state(tx, "active")?, in_state(tx, "revoked")?), (0, 1));
            assert_eq!(connections::stored(tx, &world.connection.id)?.as_ref(), Some(&world.connection));
            assert_eq!(connections::unswept(tx, &of, None, 10)?.items.first(), Some(&world.connection.id));
            assert_eq!(connections::each_live(tx)?, [Ok(world.connection)]);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }

    async fn an_epoch_never_moves_back_and_is_nobody_elses(test: TestStore) {
        let world = World::in_store(&test.store).await;
        test.store.write(move |tx| {
            let client = AccessOf::Client(world.client.id.clone());
            revoked_access::put(tx, &client, at(i64::MAX))?;
            assert!(live(tx, &world)?, "a client has no connections");
            revoked_access::put(tx, &client, at(5))?;
            assert_eq!(revoked_access::of_client(tx, &world.client.id)?, Some(at(i64::MAX)));
            let other = AccessOf::User(world.ids.next());
            revoked_access::put(tx, &other, at(i64::MAX))?;
            assert!(live(tx, &world)?, "somebody else");
            let (user, provider) = (&world.user.id, &world.provider.id);
            assert_eq!(revoked_access::of_connections(tx, user, provider)?, None);
            revoked_access::put(tx, &AccessOf::User(user.clone()), at(7))?;
            revoked_access::put(tx, &AccessOf::Provider(provider.clone()), at(6))?;
            assert_eq!(revoked_access::of_connections(tx, user, provider)?, Some(at(7)));
            assert_eq!(revoked_access::all(tx)?.len(), 4);
            Ok::<_, StoreError>(())
        }).await.unwrap();
    }
}
