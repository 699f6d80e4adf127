# Run once by the database's image, when it makes its files: the owner of the tables, and what Tenantkeep runs as.
owner=$(cat "${SECRETS:-/run/secrets}/owner_password")
app=$(cat "${SECRETS:-/run/secrets}/app_password")
psql --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres --set=owner="$owner" --set=app="$app" <<'END'
CREATE ROLE tenantkeep_owner LOGIN PASSWORD :'owner';
CREATE ROLE tenantkeep_app LOGIN PASSWORD :'app';
CREATE DATABASE tenantkeep OWNER tenantkeep_owner ENCODING 'UTF8' TEMPLATE template0;
\connect tenantkeep
CREATE EXTENSION IF NOT EXISTS pg_trgm;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CREATE, USAGE ON SCHEMA public TO tenantkeep_owner;
GRANT USAGE ON SCHEMA public TO tenantkeep_app;
ALTER DEFAULT PRIVILEGES FOR ROLE tenantkeep_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tenantkeep_app;
ALTER DEFAULT PRIVILEGES FOR ROLE tenantkeep_owner IN SCHEMA public
    GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO tenantkeep_app;
END
