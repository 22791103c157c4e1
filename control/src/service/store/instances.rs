//! The instances of the filter.

use super::query::{Query, Row, to_json};
use super::{Source, Store, Transaction};
use crate::service::journal::Instance;

/// The instance of this epoch.
pub async fn find(source: impl Source, epoch: &str) -> Result<Option<Instance>, sqlx::Error> {
    Query::new("select * from instances where epoch = $1").bind(epoch).read_first(source, read).await
}

/// Every instance of which records are missing.
pub async fn with_holes(store: &Store) -> Result<Vec<Instance>, sqlx::Error> {
    Query::new("select * from instances where holes <> '[]' order by node, epoch").read(store, read).await
}

/// Keeps these instances as they are now.
pub async fn save(
    transaction: &mut Transaction,
    instances: impl IntoIterator<Item = &Instance>,
) -> Result<(), sqlx::Error> {
    for Instance { epoch, node, highest, holes, last_us } in instances {
        let query = "insert into instances (epoch, node, highest, holes, last_us) values ($1, $2, $3, $4, $5) \
                     on conflict (epoch) do update set highest = $3, holes = $4, last_us = $5";
        let query = Query::new(query).bind(epoch).bind(node).bind(*highest).bind(to_json(holes)?).bind(*last_us);
        query.execute(transaction).await?;
    }
    Ok(())
}

fn read(row: &Row) -> Result<Instance, sqlx::Error> {
    Ok(Instance {
        epoch: row.owned("epoch")?,
        node: row.owned("node")?,
        highest: row.number("highest")?,
        holes: row.json("holes")?,
        last_us: row.number("last_us")?,
    })
}
