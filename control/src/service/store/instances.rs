//! The instances of the filter.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Connection, Store, number, unsigned};
use crate::service::journal::Instance;

/// The instance of this epoch.
pub async fn find(connection: &mut Connection, epoch: &str) -> Result<Option<Instance>, sqlx::Error> {
    let query = sqlx::query("select epoch, node, highest, holes, last_us from instances where epoch = $1").bind(epoch);
    query.fetch_optional(connection).await?.map(|row| read(&row)).transpose()
}

/// Every instance of which records are missing.
pub async fn with_holes(store: &Store) -> Result<Vec<Instance>, sqlx::Error> {
    let query = "select epoch, node, highest, holes, last_us from instances where holes <> '[]' order by node, epoch";
    sqlx::query(query).fetch_all(store.pool()).await?.iter().map(read).collect()
}

/// Keeps these instances as they are now.
pub async fn save(
    connection: &mut Connection,
    instances: impl IntoIterator<Item = &Instance>,
) -> Result<(), sqlx::Error> {
    for Instance { epoch, node, highest, holes, last_us } in instances {
        let holes = serde_json::to_string(holes).map_err(|reason| sqlx::Error::Encode(reason.into()))?;
        let query = "insert into instances (epoch, node, highest, holes, last_us) values ($1, $2, $3, $4, $5) \
                     on conflict (epoch) do update set highest = $3, holes = $4, last_us = $5";
        let query = sqlx::query(query).bind(epoch).bind(node).bind(number(*highest)).bind(holes);
        query.bind(number(*last_us)).execute(&mut *connection).await?;
    }
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Instance, sqlx::Error> {
    let holes: &str = row.try_get("holes")?;
    Ok(Instance {
        epoch: row.try_get("epoch")?,
        node: row.try_get("node")?,
        highest: unsigned(row.try_get("highest")?),
        holes: serde_json::from_str(holes).map_err(|reason| sqlx::Error::Decode(reason.into()))?,
        last_us: unsigned(row.try_get("last_us")?),
    })
}
