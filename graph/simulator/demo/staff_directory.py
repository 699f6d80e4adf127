"""The directory of the people who work with Tenantkeep: they sign in there, and it holds no policies."""

from graph.simulator.store.state import Tenant

PURPOSE = "the own directory: people sign in here"
HELPDESK = "5d0c6a5e-3f0b-4c8e-9a6b-0e1f2a3b4c51"
ADMIN_ROLE = "Tenantkeep.Admin"


def own_directory() -> Tenant:
    return Tenant(
        "Demo Managed Services",
        "c4a1d7e2-6b39-4f58-8e17-2d9b0c5f6a14",
        "e8f2b6d4-1c5a-4d93-b7a8-6f3e9d0c2b24",
        "dMs8Q~demo.only-own-dir...0123456789abcd",
        PURPOSE,
        people=[
            _person(1, "Nora Newcomer", groups=[HELPDESK]),
            _person(2, "Ed Entra", roles=[ADMIN_ROLE]),
            _person(3, "Otto Outsider"),
        ],
        # Of a loopback address Entra looks at no port (learn.microsoft.com: Redirect URI restrictions).
        return_addresses=["http://127.0.0.1/sign-in/entra/return"],
    )


def _person(number: int, name: str, **claims: list[str]) -> dict[str, object]:
    user_name = f"{name.split()[0].lower()}@demo-services.example"
    return {"oid": f"0f{number}e1d2c-4b3a-4958-a1b2-c3d4e5f6a7b8", "name": name, "user_name": user_name, **claims}
