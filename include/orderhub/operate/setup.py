"""What a hub needs before its first pass: an active configuration and, in the demo, stock."""

from orderhub.clock import Clock
from orderhub.config.store import load_active
from orderhub.db.engine import Database
from orderhub.errors import AlreadyDone, ConfigError
from orderhub.operate.configuration import apply_files
from orderhub.operate.refused import tell_of_refused
from orderhub.operate.stack import Stack
from orderhub.operate.voice import Voice
from orderhub.settings import Settings, load_settings
from orderhub.spoken import told

ACTOR = "hub"


def apply_configuration(stack: Stack, clock: Clock) -> None:
    """Make the files of the configuration directory the active version; see `activate`."""
    settings = load_settings()
    database = open_database(settings)
    try:
        activate(database, clock, settings, stack.voice)
    finally:
        database.close()


def activate(database: Database, clock: Clock, settings: Settings, voice: Voice) -> None:
    """Apply the files; refused ones change nothing: the last good version stays, and an alert says so.

    Raises:
        ConfigError: the files are refused, and no version was ever active.
    """
    try:
        apply_files(database, clock, settings, ACTOR)
        voice.say(f"已启用配置 {settings.config}", f"configuration {settings.config} is active")
    except AlreadyDone:
        voice.say("配置未变", "the configuration is unchanged")
    except ConfigError as error:
        try:
            active = load_active(database)
        except ConfigError:
            raise error from None  # Nothing to fall back on: the hub does not start.
        tell_of_refused(database, clock, active, str(error))
        voice.say(
            f"配置未更新,版本 {active.version[:12]} 继续生效:{told(error, in_english=False)}",
            f"the configuration was not updated, version {active.version[:12]} stays active: {error}",
        )


def open_database(settings: Settings) -> Database:
    """Return the hub's database as the application sees it."""
    return Database(settings.database_url.get_secret_value(), "hub")
