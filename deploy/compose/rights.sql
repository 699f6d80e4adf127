REVOKE UPDATE, DELETE ON audit_event FROM tenantkeep_app;
REVOKE INSERT, DELETE ON audit_head, audit_check FROM tenantkeep_app;
REVOKE DELETE ON audit_key FROM tenantkeep_app;
REVOKE INSERT, UPDATE, DELETE ON schema_migration FROM tenantkeep_app;
