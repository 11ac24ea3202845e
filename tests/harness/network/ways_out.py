"""Ways to a network, each a test that swallows its error. Only the guard can fail them; run in a cage."""

from __future__ import annotations

import _socket
import asyncio
import contextlib
import ctypes
import multiprocessing
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import urllib.request
import warnings
from collections.abc import Awaitable, Callable, Iterator

import pytest

V4 = "198.51.100.3"
V6 = "2001:db8::3"
NAME = "api.telegram.org"
LIBC = ctypes.CDLL(None, use_errno=True)
PYTHON = [sys.executable]

pytestmark = pytest.mark.filterwarnings("ignore")


def nameserver() -> str:
    """The first name server of this machine."""
    with open("/etc/resolv.conf") as file:  # noqa: PTH123
        words = [line.split() for line in file]
    return next(word[1] for word in words if word[:1] == ["nameserver"])


def swallowed(act: Callable[[], object]) -> None:
    """Do it, whatever comes of it."""
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        act()


def in_loop(act: Callable[[], Awaitable[object]]) -> None:
    """Do it in an event loop, for a second at most."""

    async def limited() -> None:
        await asyncio.wait_for(act(), 1)

    swallowed(lambda: asyncio.run(limited()))


def command(*words: str, **options: object) -> None:
    """Run a program that may fail."""
    swallowed(lambda: subprocess.run(words, timeout=20, check=False, capture_output=True, **options))  # type: ignore[call-overload]


def needs(program: str) -> str:
    """The path of a program; the test is left out where it is not installed."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def address_v4(host: str = V4, port: int = 80) -> bytes:
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8)


def question() -> bytes:
    return b"\0\1\1\0\0\1\0\0\0\0\0\0\7example\3org\0\0\1\0\1"


@pytest.fixture
def udp() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        yield made


@pytest.fixture
def tcp() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.settimeout(1)
        yield made


# Python's sockets


def test_create_connection():
    swallowed(lambda: socket.create_connection((V4, 80), timeout=1))


def test_create_connection_by_name():
    swallowed(lambda: socket.create_connection((NAME, 443), timeout=1))


def test_connect(tcp):
    swallowed(lambda: tcp.connect((V4, 80)))


def test_connect_by_name(tcp):
    swallowed(lambda: tcp.connect((NAME, 443)))


def test_connect_ex(tcp):
    swallowed(lambda: tcp.connect_ex((V4, 80)))


def test_connect_ex_without_blocking(tcp):
    tcp.setblocking(False)
    swallowed(lambda: tcp.connect_ex((V4, 80)))


def test_connect_v6():
    with socket.socket(socket.AF_INET6) as made:
        swallowed(lambda: made.connect((V6, 80)))


def test_connect_to_a_mapped_address():
    with socket.socket(socket.AF_INET6) as made:
        swallowed(lambda: made.connect((f"::ffff:{V4}", 80)))


def test_connect_udp(udp):
    swallowed(lambda: udp.connect((V4, 53)))


def test_sendto(udp):
    swallowed(lambda: udp.sendto(b"x", (V4, 53)))


def test_sendto_by_name(udp):
    swallowed(lambda: udp.sendto(b"x", (NAME, 53)))


def test_sendto_multicast(udp):
    swallowed(lambda: udp.sendto(b"x", ("239.255.255.250", 1900)))


def test_sendto_broadcast(udp):
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    swallowed(lambda: udp.sendto(b"x", ("<broadcast>", 9)))


def test_sendmsg(udp):
    swallowed(lambda: udp.sendmsg([b"x"], [], 0, (V4, 53)))


def test_the_socket_below_socket():
    swallowed(lambda: _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM).connect((V4, 80)))


def test_the_socket_below_socket_by_name():
    swallowed(lambda: _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM).connect((NAME, 80)))


def test_bind_to_a_name(udp):
    swallowed(lambda: udp.bind((NAME, 0)))


def test_vsock():
    swallowed(lambda: socket.socket(socket.AF_VSOCK).connect((2, 80)))


def test_packet():
    swallowed(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))


def test_in_a_thread():
    thread = threading.Thread(target=lambda: swallowed(lambda: socket.create_connection((V4, 80), timeout=1)))
    thread.start()
    thread.join()


# Names


def test_getaddrinfo():
    swallowed(lambda: socket.getaddrinfo(NAME, 443))


def test_gethostbyname():
    swallowed(lambda: socket.gethostbyname(NAME))


def test_gethostbyname_ex():
    swallowed(lambda: socket.gethostbyname_ex(NAME))


def test_gethostbyaddr():
    swallowed(lambda: socket.gethostbyaddr(V4))


def test_getnameinfo():
    swallowed(lambda: socket.getnameinfo((V4, 80), 0))


def test_getfqdn():
    swallowed(lambda: socket.getfqdn(NAME))


def test_a_question_of_ones_own(udp):
    swallowed(lambda: udp.sendto(question(), (nameserver(), 53)))


def test_a_question_of_ones_own_over_tcp(tcp):
    swallowed(lambda: tcp.connect((nameserver(), 53)))


def test_a_question_to_another_server(udp):
    swallowed(lambda: udp.sendto(question(), ("8.8.8.8", 53)))


def test_names_in_c():
    swallowed(lambda: LIBC.getaddrinfo(NAME.encode(), b"443", None, ctypes.byref(ctypes.c_void_p())))


def test_names_in_c_of_old():
    swallowed(lambda: LIBC.gethostbyname(NAME.encode()))


def test_a_question_in_c(udp):
    to = address_v4(nameserver(), 53)
    LIBC.sendto(udp.fileno(), question(), len(question()), 0, to, len(to))
    udp.settimeout(2)
    swallowed(lambda: udp.recv(512))


def test_names_in_a_program():
    command(needs("getent"), "ahosts", NAME)


# Frameworks


def test_asyncio():
    in_loop(lambda: asyncio.open_connection(V4, 80))


def test_asyncio_by_name():
    in_loop(lambda: asyncio.open_connection(NAME, 443))


def test_asyncio_datagrams():
    async def send() -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
        transport.sendto(b"x", (V4, 9))

    in_loop(send)


def test_asyncio_sock_connect(tcp):
    tcp.setblocking(False)
    in_loop(lambda: asyncio.get_running_loop().sock_connect(tcp, (V4, 80)))


def test_urllib():
    swallowed(lambda: urllib.request.urlopen(f"http://{V4}/", timeout=1))


def test_httpx():
    httpx = pytest.importorskip("httpx")
    swallowed(lambda: httpx.get(f"http://{V4}/", timeout=1))


def test_httpx_async():
    httpx = pytest.importorskip("httpx")

    async def get() -> None:
        async with httpx.AsyncClient(timeout=1) as client:
            await client.get(f"https://{NAME}/")

    in_loop(get)


def test_aiohttp():
    aiohttp = pytest.importorskip("aiohttp")

    async def get() -> None:
        async with aiohttp.ClientSession() as session, session.get(f"http://{V4}/"):
            pass

    in_loop(get)


def test_aiohttp_by_name():
    aiohttp = pytest.importorskip("aiohttp")

    async def get() -> None:
        async with aiohttp.ClientSession() as session, session.get(f"https://{NAME}/"):
            pass

    in_loop(get)


def test_requests():
    requests = pytest.importorskip("requests")
    swallowed(lambda: requests.get(f"http://{V4}/", timeout=1))


def test_asyncpg():
    asyncpg = pytest.importorskip("asyncpg")
    in_loop(lambda: asyncpg.connect(f"postgresql://u:p@{V4}/db", timeout=1))


def in_uvloop(act: Callable[[], Awaitable[object]]) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def limited() -> None:
        await asyncio.wait_for(act(), 1)

    swallowed(lambda: uvloop.run(limited()))


def test_uvloop():
    in_uvloop(lambda: asyncio.open_connection(V4, 80))


def test_uvloop_by_name():
    in_uvloop(lambda: asyncio.open_connection(NAME, 443))


def test_uvloop_datagrams():
    async def send() -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(V4, 9))
        transport.sendto(b"x")
        await asyncio.sleep(0.01)

    in_uvloop(send)


# C libraries and other programs


def test_c_connect(tcp):
    tcp.setblocking(False)
    LIBC.connect(tcp.fileno(), address_v4(), 16)


def test_c_sendto(udp):
    LIBC.sendto(udp.fileno(), b"x", 1, 0, address_v4(port=9), 16)


def test_c_sendmsg(udp):
    name = ctypes.create_string_buffer(address_v4(port=9), 16)
    data = ctypes.create_string_buffer(b"x", 1)
    vector = ctypes.create_string_buffer(struct.pack("@QQ", ctypes.addressof(data), 1), 16)
    message = struct.pack("@QIxxxxQQQQi4x", ctypes.addressof(name), 16, ctypes.addressof(vector), 1, 0, 0, 0)
    LIBC.sendmsg(udp.fileno(), message, 0)


def test_c_fast_open(tcp):
    fast_open = 0x20000000
    LIBC.sendto(tcp.fileno(), b"x", 1, fast_open, address_v4(), 16)


def test_a_child_python():
    command(*PYTHON, "-c", f"import socket; socket.create_connection(('{V4}', 80), timeout=1)")


def test_an_isolated_child_python():
    command(*PYTHON, "-I", "-S", "-c", f"import socket; socket.create_connection(('{V4}', 80), timeout=1)")


def test_a_child_python_without_environment():
    command(*PYTHON, "-c", f"import socket; socket.create_connection(('{V4}', 80), timeout=1)", env={})


def test_a_fork():
    child = os.fork()
    if child == 0:
        swallowed(lambda: socket.create_connection((V4, 80), timeout=1))
        os._exit(0)
    os.waitpid(child, 0)


def _spawned() -> None:
    swallowed(lambda: socket.create_connection((V4, 80), timeout=1))


def test_multiprocessing():
    process = multiprocessing.get_context("fork").Process(target=_spawned)
    process.start()
    process.join()


def test_the_shell():
    command(needs("bash"), "-c", f"exec 3<>/dev/tcp/{V4}/80")


def test_curl():
    command(needs("curl"), "-sS", "-m", "1", f"http://{V4}/")


def test_curl_by_name():
    command(needs("curl"), "-sS", "-m", "1", f"https://{NAME}/")


def test_curl_through_a_proxy():
    command(needs("curl"), "-sS", "-m", "1", "-x", f"http://{V4}:3128", "http://127.0.0.1/")


def test_node():
    command(needs("node"), "-e", f"require('net').connect(80, '{V4}')")


def test_node_resolver():
    command(needs("node"), "-e", f"require('dns').resolve('{NAME}', () => {{}})")


def test_libpq():
    command(needs("psql"), f"postgresql://u:p@{V4}/db?connect_timeout=2", "-c", "select 1")


# Around tests


@pytest.fixture
def reaching():
    swallowed(lambda: socket.create_connection((V4, 80), timeout=1))


def test_a_fixture(reaching):
    pass


@pytest.fixture
def reaching_at_the_end():
    yield
    swallowed(lambda: socket.create_connection((V4, 80), timeout=1))


def test_a_finalizer(reaching_at_the_end):
    pass


def test_a_skip():
    with contextlib.suppress(RuntimeError):
        socket.create_connection((V4, 80), timeout=1)
    pytest.skip("no network here")


@pytest.mark.xfail
def test_an_expected_failure():
    socket.create_connection((V4, 80), timeout=1)


@pytest.mark.enable_socket
def test_an_enabled_socket():
    swallowed(lambda: socket.create_connection((V4, 80), timeout=1))


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_allowed_hosts():
    swallowed(lambda: socket.create_connection((V4, 80), timeout=1))
