from graph.policy_types.driver_approvals import decided_drivers, driver_label, driver_of

RECOMMENDED = {"name": "A", "version": "1", "approvalStatus": "approved", "category": "recommended"}
OTHER = {"name": "B", "version": "2", "approvalStatus": "approved", "category": "other"}
DECLINED = {"name": "C", "version": "3", "approvalStatus": "declined", "category": "recommended"}
UNDECIDED = {"name": "D", "version": "4", "approvalStatus": "needsReview", "category": "other"}
INVENTORY = [RECOMMENDED, OTHER, DECLINED, UNDECIDED]


def test_every_decision_counts_with_manual_approval():
    assert decided_drivers({"driverInventories": INVENTORY, "approvalType": "manual"}) == [RECOMMENDED, OTHER, DECLINED]


def test_services_own_approval_is_no_decision():
    assert decided_drivers({"driverInventories": INVENTORY, "approvalType": "automatic"}) == [OTHER, DECLINED]


def test_label_is_name_and_version():
    assert driver_label(driver_of({**OTHER, "manufacturer": "M"})) == "B 2"
