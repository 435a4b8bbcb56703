//! What the system says to a process that is to end.

/// Ctrl-C, or the signal of a service manager. Signals count from the call on, not from the first poll.
///
/// # Errors
/// When the system lets nobody listen.
pub fn stop_requested() -> std::io::Result<impl Future<Output = std::io::Result<()>>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            Ok(())
        })
    }
    #[cfg(windows)]
    {
        use tokio::signal::windows;
        let mut interrupt = windows::ctrl_c()?;
        let mut abort = windows::ctrl_break()?;
        let mut closed = windows::ctrl_close()?;
        let mut shutdown = windows::ctrl_shutdown()?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = abort.recv() => {}
                _ = closed.recv() => {}
                _ = shutdown.recv() => {}
            }
            Ok(())
        })
    }
}
