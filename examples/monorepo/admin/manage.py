#!/usr/bin/env python3
"""The admin panel of the monorepo: the smallest Django project that is one."""
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "admin.settings")

from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
