//! Where the wall's pages are served, and for which areas.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use clap::Args;

use crate::Shown;

/// Where the wall's pages are served. They are public: nobody is asked who they
/// are.
#[derive(Debug, Clone, Default, Args)]
pub struct WallArgs {
    /// Address on which the wall's pages are served over HTTP; nowhere if it is
    /// left out. Example: 0.0.0.0:7405.
    #[arg(long, env = "WANGGE_WALL_LISTEN", requires = "wall_areas")]
    pub wall_listen: Option<SocketAddr>,
    /// Codes of the areas whose walls are shown, with commas between.
    #[arg(long, env = "WANGGE_WALL_AREAS", value_delimiter = ',')]
    pub wall_areas: Vec<String>,
}

impl WallArgs {
    /// Takes the address.
    ///
    /// # Errors
    /// When it can't be had.
    pub fn open(&self) -> io::Result<Option<(TcpListener, Shown)>> {
        let Some(address) = self.wall_listen else {
            return Ok(None);
        };
        let listener = TcpListener::bind(address).map_err(|error| {
            io::Error::new(error.kind(), format!("the wall on {address}: {error}"))
        })?;
        let areas = self.wall_areas.iter().cloned().collect();
        Ok(Some((listener, Shown::Only(areas))))
    }
}
