//! Statements that mean the same to both databases, and the rows that they give.
//!
//! Our own, because what sqlx has for several databases knows types only at run time. Parameters are `$1`, `$2` to both.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Database, Encode, Postgres, Row as _, Sqlite, Type};

use super::{Source, Transaction, number, unsigned};
use crate::chain::Hash;

/// A statement with its values. The text is ours alone: whatever comes from outside is a value.
#[derive(Debug)]
pub struct Query<'q> {
    sql: String,
    values: Vec<Value<'q>>,
    rows: Option<Rows>,
}

/// Values of several rows in a statement, the first that it has.
#[derive(Clone, Copy, Debug)]
struct Rows {
    /// Where in the text they stand.
    at: usize,
    /// How many each row has.
    columns: usize,
    /// How many there are in all.
    values: usize,
}

/// A value of a statement.
#[derive(Clone, Debug)]
pub enum Value<'q> {
    /// A number, or none.
    Number(Option<i64>),
    /// A text, or none.
    Text(Option<Cow<'q, str>>),
    /// A hash.
    Hash(Hash),
}

/// A statement of one of the databases.
type Bound<D> = sqlx::query::Query<'static, D, <D as Database>::Arguments>;

/// A row of an answer.
pub enum Row {
    /// Of SQLite.
    Sqlite(SqliteRow),
    /// Of PostgreSQL.
    Postgres(PgRow),
}

// === impl Query ===

impl<'q> Query<'q> {
    /// A statement, or the beginning of one.
    pub fn new(sql: &'static str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new(), rows: None }
    }

    /// The next value.
    pub fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// More of the text.
    pub fn push(mut self, sql: &'static str) -> Self {
        self.sql.push_str(sql);
        self
    }

    /// More of the text, with a value behind it.
    pub fn push_bind(self, sql: &'static str, value: impl Into<Value<'q>>) -> Self {
        let mut query = self.push(sql).bind(value);
        query.name_last();
        query
    }

    /// Values for several rows, `($1, $2), ($3, $4)`: the only ones of the statement.
    pub fn rows<const N: usize>(mut self, rows: impl Iterator<Item = [Value<'q>; N]>) -> Self {
        self.values = rows.flatten().collect();
        self.rows = Some(Rows { at: self.sql.len(), columns: N, values: self.values.len() });
        self
    }

    /// Runs it and gives how many rows it changed.
    pub async fn execute(self, transaction: &mut Transaction) -> Result<u64, sqlx::Error> {
        match transaction {
            Transaction::Sqlite(transaction) => {
                self.for_sqlite().execute(&mut **transaction).await.map(|done| done.rows_affected())
            }
            Transaction::Postgres(transaction) => {
                self.for_postgres().execute(&mut **transaction).await.map(|done| done.rows_affected())
            }
        }
    }

    /// Its rows.
    pub async fn all(self, source: impl Source) -> Result<Vec<Row>, sqlx::Error> {
        source.fetch(self).await
    }

    /// Its first row.
    pub async fn first(self, source: impl Source) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.all(source).await?.into_iter().next())
    }

    /// What its rows say.
    pub async fn read<T>(
        self,
        source: impl Source,
        read: impl Fn(&Row) -> Result<T, sqlx::Error>,
    ) -> Result<Vec<T>, sqlx::Error> {
        self.all(source).await?.iter().map(read).collect()
    }

    /// What its first row says, if there is one.
    pub async fn read_first<T>(
        self,
        source: impl Source,
        read: impl Fn(&Row) -> Result<T, sqlx::Error>,
    ) -> Result<Option<T>, sqlx::Error> {
        self.first(source).await?.as_ref().map(read).transpose()
    }

    /// The same for SQLite. It looks names of values up one by one, among all of them: those of many rows have none, or that would
    /// take longer than all the rest.
    pub(super) fn for_sqlite(self) -> Bound<Sqlite> {
        self.with_rows(|text, _| text.push('?')).bound()
    }

    /// The same for PostgreSQL.
    pub(super) fn for_postgres(self) -> Bound<Postgres> {
        self.with_rows(push_name).bound()
    }

    fn bound<D: Database>(self) -> Bound<D>
    where
        Option<i64>: for<'t> Encode<'t, D> + Type<D>,
        Option<String>: for<'t> Encode<'t, D> + Type<D>,
        for<'t> Option<&'t str>: Encode<'t, D> + Type<D>,
        Vec<u8>: for<'t> Encode<'t, D> + Type<D>,
    {
        let query = sqlx::query(AssertSqlSafe(self.sql));
        self.values.into_iter().map(Value::without_nulls).fold(query, |query, value| match value {
            Value::Number(number) => query.bind(number),
            Value::Text(Some(Cow::Owned(text))) => query.bind(Some(text)),
            Value::Text(text) => query.bind(text.as_deref()),
            Value::Hash(hash) => query.bind(hash.0.to_vec()),
        })
    }

    /// The same with the values of its rows in the text, each written so by its place, from 1.
    fn with_rows(mut self, write: impl Fn(&mut String, usize)) -> Self {
        if let Some(Rows { at, columns, values }) = self.rows.take() {
            let rest = self.sql.split_off(at);
            for place in 0..values {
                self.sql.push_str(match (place, place % columns) {
                    (0, _) => "(",
                    (_, 0) => "), (",
                    _ => ", ",
                });
                write(&mut self.sql, place + 1);
            }
            self.sql.push(')');
            self.sql.push_str(&rest);
        }
        self
    }

    /// Writes the name of the last value into the text.
    fn name_last(&mut self) {
        push_name(&mut self.sql, self.values.len());
    }
}

/// Writes the name of the value in this place, from 1.
fn push_name(text: &mut String, place: usize) {
    // Writing to a string cannot fail.
    let _ = write!(text, "${place}");
}

// === impl Value ===

impl Value<'_> {
    /// The same with no null character in it, which PostgreSQL cannot hold: what is kept as it is, such as the content of an entry,
    /// has none, and in what something is found by they are replaced, so that it is found by the same to both.
    fn without_nulls(self) -> Self {
        match self {
            Self::Text(Some(text)) if text.contains('\0') => text.replace('\0', "\u{fffd}").into(),
            value => value,
        }
    }
}

impl From<u64> for Value<'_> {
    fn from(value: u64) -> Self {
        Self::Number(Some(number(value)))
    }
}

impl From<Option<u64>> for Value<'_> {
    fn from(value: Option<u64>) -> Self {
        Self::Number(value.map(number))
    }
}

impl<'q> From<&'q str> for Value<'q> {
    fn from(text: &'q str) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl<'q> From<&'q String> for Value<'q> {
    fn from(text: &'q String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl From<Option<String>> for Value<'_> {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(Cow::Owned))
    }
}

impl<'q> From<Option<&'q str>> for Value<'q> {
    fn from(text: Option<&'q str>) -> Self {
        Self::Text(text.map(Cow::Borrowed))
    }
}

impl<'q> From<&'q Option<String>> for Value<'q> {
    fn from(text: &'q Option<String>) -> Self {
        text.as_deref().into()
    }
}

impl From<Hash> for Value<'_> {
    fn from(hash: Hash) -> Self {
        Self::Hash(hash)
    }
}

// === impl Row ===

/// What either database holds in a column.
macro_rules! get {
    ($row:expr, $column:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get($column),
            Row::Postgres(row) => row.try_get($column),
        }
    };
}

impl Row {
    /// The number in this column.
    pub fn number(&self, column: &str) -> Result<u64, sqlx::Error> {
        get!(self, column).map(unsigned)
    }

    /// The number in this column, if there is one.
    pub fn some_number(&self, column: &str) -> Result<Option<u64>, sqlx::Error> {
        let value: Option<i64> = get!(self, column)?;
        Ok(value.map(unsigned))
    }

    /// The text in this column.
    pub fn text(&self, column: &str) -> Result<&str, sqlx::Error> {
        get!(self, column)
    }

    /// The text in this column, if there is one.
    pub fn some_text(&self, column: &str) -> Result<Option<&str>, sqlx::Error> {
        get!(self, column)
    }

    /// The text in this column, to keep.
    pub fn owned(&self, column: &str) -> Result<String, sqlx::Error> {
        self.text(column).map(str::to_owned)
    }

    /// The hash in this column.
    pub fn hash(&self, column: &str) -> Result<Hash, sqlx::Error> {
        let bytes: &[u8] = get!(self, column)?;
        Hash::from_slice(bytes).map_err(|reason| sqlx::Error::Decode(reason.into()))
    }

    /// What the JSON in this column says.
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, sqlx::Error> {
        of_json(self.text(column)?)
    }

    /// What the JSON in this column says, if there is any.
    pub fn some_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, sqlx::Error> {
        self.some_text(column)?.map(of_json).transpose()
    }

    /// What a word in this column stands for.
    pub fn word<T>(&self, column: &str, named: impl Fn(&str) -> Option<T>) -> Result<T, sqlx::Error> {
        let word = self.text(column)?;
        named(word).ok_or_else(|| sqlx::Error::Decode(format!("`{word}` is no {column}").into()))
    }
}

/// A value as JSON, to be kept.
pub fn to_json(value: &impl serde::Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|reason| sqlx::Error::Encode(reason.into()))
}

/// What JSON that was kept says.
pub fn of_json<T: DeserializeOwned>(text: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|reason| sqlx::Error::Decode(reason.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_no_null_character() {
        let replaced = |text: &str| match Value::from(text).without_nulls() {
            Value::Text(text) => text.map(Cow::into_owned),
            value => panic!("{value:?}"),
        };
        assert_eq!(replaced("a\0b\0").as_deref(), Some("a\u{fffd}b\u{fffd}"));
        assert_eq!(replaced("ab").as_deref(), Some("ab"));
    }

    #[test]
    fn values_of_rows_have_names_for_postgresql_and_none_for_sqlite() {
        let many = || {
            let rows = (0..3_u64).map(|row| [row.into(), "a".into()]);
            Query::new("insert into t (a, b) values ").rows(rows).push(" on conflict (a) do nothing")
        };
        let named = "insert into t (a, b) values ($1, $2), ($3, $4), ($5, $6) on conflict (a) do nothing";
        assert_eq!(many().with_rows(push_name).sql, named);
        let nameless = "insert into t (a, b) values (?, ?), (?, ?), (?, ?) on conflict (a) do nothing";
        assert_eq!(many().with_rows(|text, _| text.push('?')).sql, nameless);
        let plain = Query::new("select $1, $1").bind(1_u64).with_rows(push_name);
        assert_eq!(plain.sql, "select $1, $1");
    }
}
