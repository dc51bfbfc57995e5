"""What a hub needs before its first pass: an active configuration."""

from orderhub.clock import Clock
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.errors import AlreadyDone, ConfigError
from orderhub.operate.stack import Stack
from orderhub.settings import Settings, load_settings

ACTOR = "hub"


def apply_configuration(stack: Stack, clock: Clock) -> None:
    """Make the files of the configuration directory the active version; a refused one changes nothing."""
    settings = load_settings()
    database = open_database(settings)
    try:
        apply_directory(database, clock, settings.config, settings.home, ACTOR)
        stack.voice.say(f"已启用配置 {settings.config}", f"configuration {settings.config} is active")
    except AlreadyDone:
        stack.voice.say("配置未变", "the configuration is unchanged")
    except ConfigError as error:
        stack.voice.say(f"配置未更新:{error}", f"the configuration was not updated: {error}")
    finally:
        database.close()


def open_database(settings: Settings) -> Database:
    """Return the hub's database as the application sees it."""
    return Database(settings.database_url.get_secret_value(), "hub")
