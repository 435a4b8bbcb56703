//! Proxy routes, the request pipeline, the boundary guard, the admin API
