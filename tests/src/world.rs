//! The four services in this process, each with a database of its own, behind the same
//! layer stack as in production.

use std::ops::Deref;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wangge_api::policy::Role;
use wangge_kernel::clock::Clock;
use wangge_pg::Database;
use wangge_private_postgres::PrivatePostgres;
use wangge_server::ServerArgs;
use wangge_testkit::{serve_with, stream_channel, token};

use crate::site::{Service, Signer, Site};

/// The services' databases, in the order of [`Service::ALL`].
#[derive(Debug, Clone)]
pub struct Databases(pub [Database; 4]);

impl Databases {
    /// Creates databases on the test process's PostgreSQL.
    pub async fn fresh() -> Self {
        Self([
            wangge_testkit::database(&wangge_organization::MIGRATOR).await,
            wangge_testkit::database(&wangge_tickets::MIGRATOR).await,
            wangge_testkit::database(&wangge_volunteers::MIGRATOR).await,
            wangge_testkit::database(&wangge_reporting::MIGRATOR).await,
        ])
    }

    /// Creates databases on a PostgreSQL that the test may stop.
    ///
    /// # Panics
    /// Panics if they can't be created.
    pub async fn on(postgres: &PrivatePostgres) -> Self {
        let pool = wangge_pg::open(&postgres.url("postgres"), 1).expect("a URL");
        let migrators = [
            &wangge_organization::MIGRATOR,
            &wangge_tickets::MIGRATOR,
            &wangge_volunteers::MIGRATOR,
            &wangge_reporting::MIGRATOR,
        ];
        let mut databases = Vec::new();
        for (service, migrator) in Service::ALL.into_iter().zip(migrators) {
            let create = format!("create database {}", service.name());
            sqlx::query(sqlx::AssertSqlSafe(create))
                .execute(&pool)
                .await
                .expect("a database");
            let database = Database::open(&postgres.url(service.name()), 10).expect("a URL");
            wangge_pg::migrate::migrate(&database.background, migrator)
                .await
                .expect("a schema");
            databases.push(database);
        }
        pool.close().await;
        Self(databases.try_into().expect("four"))
    }

    /// Returns the database of a service.
    pub fn of(&self, service: Service) -> &Database {
        &self.0[service as usize]
    }
}

/// The four services, running until dropped.
#[derive(Debug)]
pub struct World {
    site: Site,
    /// The services' databases, for tests that inspect or lock them.
    pub databases: Databases,
    stops: [CancellationToken; 4],
    _background: Vec<JoinSet<()>>,
}

impl Deref for World {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stops.iter().for_each(CancellationToken::cancel);
    }
}

impl World {
    /// Starts the services on fresh databases.
    pub async fn start() -> Self {
        Self::on(Databases::fresh().await, &ServerArgs::default()).await
    }

    /// Starts the services on existing databases, with custom limits.
    pub async fn on(databases: Databases, args: &ServerArgs) -> Self {
        let stops: [CancellationToken; 4] = std::array::from_fn(|_| CancellationToken::new());
        let [organization, tickets, volunteers, reporting] = stops.clone();
        let feed = |url: &str| stream_channel(url, &token(&[Role::Service], Some(""), None));
        let clock = || Clock::System;

        let app = wangge_organization::App::new(databases.0[0].clone(), clock());
        let mut background = vec![app.background(organization.clone())];
        let organization_url =
            serve_with(app.service(organization.clone()), args, organization).await;

        let app =
            wangge_volunteers::App::new(databases.0[2].clone(), clock(), feed(&organization_url));
        background.push(app.background(volunteers.clone()));
        let volunteers_url = serve_with(app.service(volunteers.clone()), args, volunteers).await;

        let feeds = wangge_tickets::Feeds {
            organization: feed(&organization_url),
            volunteers: feed(&volunteers_url),
        };
        let app = wangge_tickets::App::new(databases.0[1].clone(), clock(), feeds);
        background.push(app.background(tickets.clone()));
        let tickets_url = serve_with(app.service(tickets.clone()), args, tickets).await;

        let sources = wangge_reporting::Sources {
            organization: feed(&organization_url),
            tickets: feed(&tickets_url),
            volunteers: feed(&volunteers_url),
        };
        let app = wangge_reporting::App::new(databases.0[3].clone(), clock(), sources);
        background.push(app.background(reporting.clone()));
        let reporting_url = serve_with(app.service(reporting.clone()), args, reporting).await;

        let urls = [organization_url, tickets_url, volunteers_url, reporting_url];
        let site = Site::new(urls, Signer::Process);
        Self {
            site,
            databases,
            stops,
            _background: background,
        }
    }

    /// Stops one service; the others keep running.
    pub fn stop(&self, service: Service) {
        self.stops[service as usize].cancel();
    }
}
