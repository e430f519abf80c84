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
markdown markdown
github pygithub
git gitpython
jinja2 jinja2
OpenSSL pyopenssl
Crypto pycryptodome pycrypto
Cryptodome pycryptodomex
nacl pynacl
serial pyserial
usb pyusb
zmq pyzmq
MySQLdb mysqlclient
pymysql pymysql
mysql mysql-connector-python mysql-connector
ldap3 ldap3
bson pymongo bson
gridfs pymongo
pymongo pymongo
flask_sqlalchemy flask-sqlalchemy
flask_session flask-session
rest_framework djangorestframework
corsheaders django-cors-headers
environ django-environ
storages django-storages
allauth django-allauth
debug_toolbar django-debug-toolbar
django_filters django-filter
crispy_forms django-crispy-forms
django_heroku django-heroku
django_extensions django-extensions
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
channels channels
dj_database_url dj-database-url
whitenoise whitenoise
attr attrs
attrs attrs
google google-api-python-client google-auth google-cloud google-generativeai protobuf google
googleapiclient google-api-python-client
apiclient google-api-python-client
google_auth_oauthlib google-auth-oauthlib
google_auth_httplib2 google-auth-httplib2
oauth2client oauth2client
firebase_admin firebase-admin
grpc grpcio
grpc_status grpcio-status
pkg_resources setuptools
setuptools setuptools
_distutils_hack setuptools
win32api pywin32
win32con pywin32
win32com pywin32
pythoncom pywin32
wx wxpython
gi pygobject
cairo pycairo
fitz pymupdf
pymupdf pymupdf
docutils docutils
lxml lxml
pycurl pycurl
ruamel ruamel-yaml
zope zope-interface zope-component
backports backports-zoneinfo
pylab matplotlib
mpl_toolkits matplotlib
tensorflow tensorflow tensorflow-cpu tensorflow-gpu
torch torch
faiss faiss-cpu faiss-gpu
sentence_transformers sentence-transformers
tiktoken tiktoken
openai openai
langchain langchain
discord discord-py py-cord
speech_recognition speechrecognition
pyaudio pyaudio
stripe stripe
twilio twilio
sendgrid sendgrid
raven raven
sentry_sdk sentry-sdk
newrelic newrelic
ddtrace ddtrace
opentelemetry opentelemetry-api opentelemetry-sdk
apscheduler apscheduler
pubsub pypubsub
paho paho-mqtt
kafka kafka-python kafka-python-ng
confluent_kafka confluent-kafka
pika pika
nats nats-py
websocket websocket-client
websockets websockets
socks pysocks
Xlib python-xlib
hdfs hdfs
snowflake snowflake-connector-python
elasticsearch_dsl elasticsearch-dsl
whoosh whoosh whoosh-reloaded
redis redis
rediscluster redis-py-cluster
pylibmc pylibmc
bmemcached python-binary-memcached
barcode python-barcode
qrcode qrcode
pyzbar pyzbar
pdfminer pdfminer-six
passlib passlib libpass
PyPDF2 pypdf2
unidecode unidecode
editor python-editor
inflection inflection
tzlocal tzlocal
pytz pytz
markdown2 markdown2
mistune mistune
MarkupSafe markupsafe
markupsafe markupsafe
werkzeug werkzeug
simple_websocket simple-websocket
geventwebsocket gevent-websocket
eventlet eventlet
pymemcache pymemcache
ibm_db ibm-db
cx_Oracle cx-oracle
oracledb oracledb
pyodbc pyodbc
vobject vobject
ics ics
dns dnspython
whois python-whois
netaddr netaddr
IPython ipython
tabulate tabulate
prometheus_client prometheus-client
jsonrpclib jsonrpclib-pelix
saml2 pysaml2
onelogin python3-saml
xmlsec xmlsec
pwiz peewee
playhouse peewee
nose nose
odf odfpy
OpenGL pyopengl
sass libsass
html5lib html5lib
Foundation pyobjc
AppKit pyobjc
pyximport cython
Cython cython
graphene_django graphene-django
graphql graphql-core
strawberry strawberry-graphql
pgvector pgvector
sqlalchemy_utils sqlalchemy-utils
alembic alembic
flask_login flask-login
async_timeout async-timeout
aiofiles aiofiles
uvicorn uvicorn
pydantic_settings pydantic-settings
email_validator email-validator
typing_extensions typing-extensions
starlette starlette
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
flask werkzeug jinja2 markupsafe itsdangerous click blinker
jinja2 markupsafe
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
