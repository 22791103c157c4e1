//! What is known of the nodes.

use super::Store;
use crate::service::fleet::Node;

/// All of them.
pub async fn all(store: &Store) -> Result<Vec<Node>, sqlx::Error> {
    let rows: Vec<(String,)> = sqlx::query_as("select node from nodes").fetch_all(store.pool()).await?;
    let read = |(text,): (String,)| serde_json::from_str(&text).map_err(|reason| sqlx::Error::Decode(reason.into()));
    rows.into_iter().map(read).collect()
}

/// Keeps these as they are now.
pub async fn save(store: &Store, nodes: &[Node]) -> Result<(), sqlx::Error> {
    if nodes.is_empty() {
        return Ok(());
    }
    let mut transaction = store.begin().await?;
    for node in nodes {
        let text = serde_json::to_string(node).map_err(|reason| sqlx::Error::Encode(reason.into()))?;
        let query = "insert into nodes (id, node) values ($1, $2) on conflict (id) do update set node = $2";
        sqlx::query(query).bind(&node.identity.id).bind(text).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}
