"""Names the shipped checks that a merchant's own suite files lack, so that those of a new version are seen.

A file of the merchant's replaces the shipped one of its name as a whole. What is left out on purpose is
listed in the file, in `meta.switched_off`, and is not named.
"""

from orderhub.config.models import MerchantConfig
from orderhub.quality.suites import parse_suites, shipped_texts, suite_texts


def missing_rules(config: MerchantConfig) -> dict[str, list[str]]:
    """Return file name → ids of shipped rules that no suite of `config` has and none switches off.

    Raises:
        ConfigError: a suite is wrong.
    """
    given, shipped = suite_texts(config), shipped_texts()
    own = parse_suites(given.suites, given.queries)
    known = own.checks().keys() | {rule_id for suite in own.suites for rule_id in suite.switched_off}
    replaced = {name: text for name, text in shipped.suites.items() if name in config.suites}
    by_file = {name: parse_suites({name: text}, shipped.queries) for name, text in sorted(replaced.items())}
    missing = {name: sorted(suites.checks().keys() - known) for name, suites in by_file.items()}
    return {name: ids for name, ids in missing.items() if ids}


def suite_warnings(config: MerchantConfig) -> list[str]:
    """Return one line per file that lacks shipped rules: which, and what to do.

    Raises:
        ConfigError: a suite is wrong.
    """
    return [
        f"expectations/{name}: 缺这一版自带的检查 / lacks shipped checks: {', '.join(ids)}。"
        f"从 hub 自带的 expectations/{name} 抄过来;有意不要的写进 meta.switched_off / copy them from the "
        f"expectations/{name} that comes with the hub, or list them in meta.switched_off"
        for name, ids in missing_rules(config).items()
    ]
