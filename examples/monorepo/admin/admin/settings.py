import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[4]

SECRET_KEY = os.environ.get("SECRET_KEY", "only-for-the-example")
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "admin.urls"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": PROJECT / os.environ["DATABASE_URL"].removeprefix("sqlite3:"),
    }
}
USE_TZ = True
