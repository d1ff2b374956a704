//! The kinds of databases of this program: what marks each in the header of its file, and what makes its schema.

use refinery::Runner;

mod event_migrations {
    refinery::embed_migrations!("migrations");
}

mod handler_migrations {
    refinery::embed_migrations!("handler_migrations");
}

/// What is opened, marked, migrated and checked in the same way for every kind.
#[derive(Debug)]
pub(in crate::infrastructure) struct DatabaseKind {
    /// What a database of it is, with its article.
    pub name: &'static str,
    /// What marks it in the header of its file.
    pub application_id: u32,
    /// A table that its first migration makes.
    pub first_table: &'static str,
    /// The length of its pages, in bytes. Where commits are large, as those of imports, large pages are fewer; where they
    /// change a few rows of many tables, small ones are less to write. With pages of 8 KiB a dispatcher would write an event store
    /// at two thirds of the speed, and an import into a store that is filled would be faster by a tenth.
    pub page_size: i64,
    /// What can be lost with its write-ahead log.
    pub content: &'static str,
    /// A command that brings it to the current version.
    pub migrating_command: &'static str,
    /// Where the files of its migrations are in the source.
    pub migrations_folder: &'static str,
    migrations: fn() -> Runner,
    /// The newest version that is known here: that of the last migration. It is not taken from them, because to parse their
    /// names takes longer than a short query does.
    pub newest_version: i64,
    /// The hash of what they make, as they spell it. Any other schema is looked at the slow way.
    pub newest_schema: &'static str,
}

/// The events of a store.
pub(in crate::infrastructure) const EVENT_STORE: DatabaseKind = DatabaseKind {
    name: "an event store",
    application_id: u32::from_be_bytes(*b"MEvt"),
    first_table: "events",
    page_size: 4_096,
    content: "events",
    migrating_command: "import-legacy",
    migrations_folder: "migrations/",
    migrations: event_migrations::migrations::runner,
    newest_version: 10,
    newest_schema: "dd8ad2fd9c42629bbdf17646f17c384ed15cb6ea0c53b14b9b8f357b98027e03",
};

/// What handlers have done, and their read models.
pub(in crate::infrastructure) const HANDLER_STORE: DatabaseKind = DatabaseKind {
    name: "a handler store",
    application_id: u32::from_be_bytes(*b"MHnd"),
    first_table: "handlers",
    page_size: 2_048,
    content: "the progress of handlers",
    migrating_command: "handlers run",
    migrations_folder: "handler_migrations/",
    migrations: handler_migrations::migrations::runner,
    newest_version: 3,
    newest_schema: "302a28c0411aabf767df5118441ab7f54681f68fb020dc9fcd9d2cc982859297",
};

const KINDS: [DatabaseKind; 2] = [EVENT_STORE, HANDLER_STORE];

impl DatabaseKind {
    /// The kind whose databases have that id.
    pub fn of_application_id(id: u32) -> Option<Self> {
        KINDS.into_iter().find(|kind| kind.application_id == id)
    }

    /// What brings a database of it to the newest version: all of it, or nothing.
    pub fn migration_runner(&self) -> Runner {
        (self.migrations)().set_grouped(true)
    }

    /// The statements of its migrations up to a version, in order.
    pub fn migrations_up_to(&self, version: i64) -> Vec<String> {
        let migrations = (self.migrations)();
        let applied = migrations.get_migrations().iter();
        let mut applied: Vec<_> =
            applied.filter(|migration| i64::from(migration.version()) <= version).collect();
        // They come in the order of their names, in which V10 is before V2.
        applied.sort_by_key(|migration| migration.version());
        applied.into_iter().filter_map(|migration| migration.sql().map(str::to_owned)).collect()
    }
}

#[cfg(test)]
impl DatabaseKind {
    /// A kind that no file has, of one migration.
    pub fn of_one_migration(migration: fn() -> Runner) -> Self {
        Self { application_id: 0, migrations: migration, newest_version: 1, newest_schema: "", ..EVENT_STORE }
    }

    /// The version of the last migration.
    pub fn last_migration(&self) -> i64 {
        let migrations = (self.migrations)();
        migrations.get_migrations().iter().map(|migration| i64::from(migration.version())).max().unwrap_or(0)
    }
}
