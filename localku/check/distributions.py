"""Which distribution an import comes from, where the two have different names. Pure tables.

From the packages' own documents. Where a name is not here, the distribution is taken to be called
as the module is.
"""

from __future__ import annotations

import re

_TABLE = """
yaml pyyaml
PIL pillow
bs4 beautifulsoup4
psycopg2 psycopg2-binary psycopg2
psycopg psycopg psycopg-binary psycopg-c
psycopg_pool psycopg-pool psycopg
sklearn scikit-learn
skimage scikit-image
cv2 opencv-python opencv-python-headless opencv-contrib-python opencv-contrib-python-headless
dotenv python-dotenv
jwt pyjwt
dateutil python-dateutil
jose python-jose
multipart python-multipart
magic python-magic python-magic-bin file-magic
slugify python-slugify unicode-slugify awesome-slugify
decouple python-decouple
docx python-docx
pptx python-pptx
telegram python-telegram-bot
gitlab python-gitlab
ldap python-ldap
memcache python-memcached python3-memcached
socketio python-socketio
engineio python-engineio
Levenshtein levenshtein python-levenshtein
nmap python-nmap
github pygithub
git gitpython
OpenSSL pyopenssl
Crypto pycryptodome pycrypto
Cryptodome pycryptodomex
nacl pynacl
serial pyserial
usb pyusb
zmq pyzmq
MySQLdb mysqlclient
mysql mysql-connector-python mysql-connector
bson pymongo bson
gridfs pymongo
rest_framework djangorestframework
corsheaders django-cors-headers
environ django-environ
storages django-storages
allauth django-allauth
debug_toolbar django-debug-toolbar
django_filters django-filter
crispy_forms django-crispy-forms
import_export django-import-export
mptt django-mptt
taggit django-taggit
guardian django-guardian
haystack django-haystack
compressor django-compressor
rest_framework_simplejwt djangorestframework-simplejwt
oauth2_provider django-oauth-toolkit
social_django social-auth-app-django
social_core social-auth-core
tinymce django-tinymce
ckeditor django-ckeditor
attr attrs
google google-api-python-client google-auth google-cloud google-generativeai protobuf google
googleapiclient google-api-python-client
apiclient google-api-python-client
grpc grpcio
grpc_status grpcio-status
pkg_resources setuptools
_distutils_hack setuptools
win32api pywin32
win32con pywin32
win32com pywin32
pythoncom pywin32
wx wxpython
gi pygobject
cairo pycairo
fitz pymupdf
ruamel ruamel-yaml
zope zope-interface zope-component
backports backports-zoneinfo
pylab matplotlib
mpl_toolkits matplotlib
tensorflow tensorflow tensorflow-cpu tensorflow-gpu
faiss faiss-cpu faiss-gpu
discord discord-py py-cord
speech_recognition speechrecognition
opentelemetry opentelemetry-api opentelemetry-sdk
pubsub pypubsub
paho paho-mqtt
kafka kafka-python kafka-python-ng
nats nats-py
websocket websocket-client
socks pysocks
Xlib python-xlib
snowflake snowflake-connector-python
whoosh whoosh whoosh-reloaded
rediscluster redis-py-cluster
bmemcached python-binary-memcached
barcode python-barcode
pdfminer pdfminer-six
passlib passlib libpass
editor python-editor
geventwebsocket gevent-websocket
dns dnspython
whois python-whois
jsonrpclib jsonrpclib-pelix
saml2 pysaml2
onelogin python3-saml
pwiz peewee
playhouse peewee
odf odfpy
OpenGL pyopengl
sass libsass
Foundation pyobjc
AppKit pyobjc
pyximport cython
graphql graphql-core
strawberry strawberry-graphql
"""
_OF_IMPORT = {
    words[0]: frozenset(words[1:]) for words in map(str.split, _TABLE.split("\n")) if words
}

# What comes along with a distribution that is declared, so that its import works undeclared.
_ALONG = """
flask werkzeug jinja2 markupsafe itsdangerous click blinker
django sqlparse asgiref
djangorestframework django
requests urllib3 certifi idna charset-normalizer
celery kombu billiard vine click amqp
fastapi starlette pydantic typing-extensions anyio
starlette anyio
uvicorn click h11
httpx httpcore anyio certifi idna h11 sniffio
sqlalchemy greenlet typing-extensions
flask-sqlalchemy sqlalchemy flask
flask-migrate alembic flask flask-sqlalchemy sqlalchemy
flask-login flask werkzeug
flask-wtf wtforms itsdangerous flask
alembic sqlalchemy mako
aiohttp multidict yarl aiosignal frozenlist attrs async-timeout
boto3 botocore s3transfer jmespath python-dateutil
pandas numpy python-dateutil pytz
scikit-learn numpy scipy joblib
matplotlib numpy pillow python-dateutil
tornado tornado
pydantic pydantic-core typing-extensions annotated-types
psycopg psycopg-pool typing-extensions
google-api-python-client google-auth httplib2 google-api-core google-auth-httplib2 uritemplate
google-cloud-storage google-auth google-api-core google-cloud-core requests
beautifulsoup4 soupsieve
jinja2 markupsafe
django-heroku dj-database-url psycopg2 whitenoise
rq redis click
redis async-timeout
gunicorn packaging
bokeh tornado jinja2 numpy
dash flask plotly werkzeug
streamlit pandas numpy tornado altair pillow requests
gradio fastapi uvicorn httpx numpy pandas pydantic
"""
_CARRIES = {words[0]: frozenset(words[1:]) for words in map(str.split, _ALONG.split("\n")) if words}

# What a distribution's own documents tell to import from another: those who use the first are
# right to import the second.
_FAMILIES = """
flask werkzeug jinja2 itsdangerous click
django asgiref
djangorestframework django
fastapi starlette pydantic
celery kombu billiard
boto3 botocore
requests urllib3
httpx httpcore
flask-sqlalchemy sqlalchemy
flask-migrate alembic
flask-login flask
alembic sqlalchemy
pyramid webob venusian zope
aiohttp yarl multidict
pandas numpy
scikit-learn numpy
"""
_FAMILY = {
    words[0]: frozenset(words[1:]) for words in map(str.split, _FAMILIES.split("\n")) if words
}


def normalised(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(module: str) -> frozenset[str]:
    """The distributions, normalised, that may give the top-level module."""
    return _OF_IMPORT.get(module, frozenset()) | {normalised(module)}


def is_satisfied(module: str, declared: frozenset[str]) -> bool:
    """Whether one of the declared distributions, normalised, may give a top-level module."""
    wanted = distributions(module)
    if wanted & declared:
        return True
    if any(_FAMILY.get(each, frozenset()) & wanted for each in declared):
        return True
    name = normalised(module)
    plain = {_plain(each) for each in wanted}
    return any(
        _plain(each) in plain or each.startswith(f"{name}-") or each.endswith(f"-{name}")
        for each in declared
    )


def comes_along(module: str, declared: frozenset[str]) -> str:
    """The declared distribution that brings the module along, or ""."""
    wanted = distributions(module)
    for each in sorted(declared):
        if _CARRIES.get(each, frozenset()) & wanted:
            return each
    return ""


def _plain(name: str) -> str:
    """A name without the words that people put around it: python-, py, -python, -binary."""
    name = re.sub(
        r"^(?:python3?-|py-?|django-|flask-)|-(?:python|py|binary|lib|client|sdk)$", "", name
    )
    return name.replace("-", "")
