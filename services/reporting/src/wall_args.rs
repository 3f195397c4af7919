//! Settings of the wall's pages: their address and their areas.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use clap::Args;

use crate::Shown;

/// Address and areas of the wall's pages. The pages are public: they require no
/// authentication.
#[derive(Debug, Clone, Default, Args)]
pub struct WallArgs {
    /// Address on which the wall's pages are served over HTTP. If it is omitted, they are not
    /// served. Example: 0.0.0.0:7405.
    #[arg(long, env = "WANGGE_WALL_LISTEN", requires = "wall_areas")]
    pub wall_listen: Option<SocketAddr>,
    /// Comma-separated codes of the areas whose walls are served.
    #[arg(long, env = "WANGGE_WALL_AREAS", value_delimiter = ',')]
    pub wall_areas: Vec<String>,
}

impl WallArgs {
    /// Binds the address, if one is set.
    ///
    /// # Errors
    /// If the address can't be bound.
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
