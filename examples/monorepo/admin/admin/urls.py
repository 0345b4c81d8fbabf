import os

from django.db import connection
from django.http import JsonResponse
from django.urls import path


def health(request):
    return JsonResponse({"ok": True})


def index(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()")
        (version,) = cursor.fetchone()
    database = os.path.basename(str(connection.settings_dict["NAME"]))
    return JsonResponse({"app": "admin", "mode": os.environ.get("APP_MODE"), "database": database, "sqlite": version})


urlpatterns = [path("admin/health", health), path("admin/", index)]
