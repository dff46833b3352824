#!/usr/bin/python3
"""Exchanges between noise_peer and dissononce, an independent implementation of Noise, in both roles.

usage: noise_interop.py NOISE_PEER

Ends with 77 (skipped) where python3-dissononce is not installed.
"""
import os
import subprocess
import sys

try:
    from dissononce.cipher.chachapoly import ChaChaPolyCipher
    from dissononce.dh.x25519.x25519 import PublicKey, X25519DH
    from dissononce.exceptions.decrypt import DecryptFailedException
    from dissononce.hash.blake2b import Blake2bHash
    from dissononce.processing.handshakepatterns.interactive.IK import IKHandshakePattern
    from dissononce.processing.impl.cipherstate import CipherState
    from dissononce.processing.impl.handshakestate import HandshakeState
    from dissononce.processing.impl.symmetricstate import SymmetricState
except ImportError:
    print("skipped: python3-dissononce is not installed")
    sys.exit(77)

PROLOGUE = b"pic/1"
NOISE_MAX = 65535
ASK_MAX = NOISE_MAX - 96
ANSWER_MAX = NOISE_MAX - 48
SIZES = [(0, 0), (1, 15), (16, 17), (63, 64), (65, 1000), (400, 300), (60000, 64000),
         (ASK_MAX, ANSWER_MAX)]


class Peer:
    """One noise_peer process: give it lines, take lines from it."""

    def __init__(self, *args):
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def give(self, data):
        self.process.stdin.write(data.hex() + "\n")
        self.process.stdin.flush()

    def take(self):
        return bytes.fromhex(self.process.stdout.readline().strip())

    def end(self):
        """The exit status, and what was said on standard error."""
        self.process.stdin.close()
        self.process.stdout.close()
        said = self.process.stderr.read().strip()
        self.process.stderr.close()
        return self.process.wait(), said


def keys():
    return X25519DH().generate_keypair()


def handshake(initiator, own, server=None):
    """A dissononce state, ready for its first message."""
    state = HandshakeState(SymmetricState(CipherState(ChaChaPolyCipher()), Blake2bHash()),
                           X25519DH())
    state.initialize(IKHandshakePattern(), initiator, PROLOGUE, s=own, rs=server)
    return state


def equal(what, got, expected):
    if got != expected:
        raise AssertionError(f"{what}: got {got!r:.200}, expected {expected!r:.200}")


def our_agent(program, ask, answer):
    """noise_peer asks, dissononce answers."""
    agent, server = keys(), keys()
    theirs = handshake(False, server)
    ours = Peer(program, "agent", agent.private.data.hex(), server.public.data.hex())
    ours.give(ask)
    read = bytearray()
    theirs.read_message(ours.take(), read)
    equal("ask", bytes(read), ask)
    equal("agent's key", theirs.rs.data, agent.public.data)
    message = bytearray()
    from_agent, from_server = theirs.write_message(answer, message)
    ours.give(bytes(message))
    equal("answer", ours.take(), answer)
    equal("hash", ours.take(), theirs.symmetricstate.get_handshake_hash())
    ours.give(b"aller")
    equal("from agent", from_agent.decrypt_with_ad(b"", ours.take()), b"aller")
    ours.give(from_server.encrypt_with_ad(b"", b"retour"))
    equal("from server", ours.take(), b"retour")
    equal("end", ours.end(), (0, ""))


def our_server(program, ask, answer):
    """dissononce asks, noise_peer answers."""
    agent, server = keys(), keys()
    theirs = handshake(True, agent, PublicKey(server.public.data))
    ours = Peer(program, "server", server.private.data.hex())
    message = bytearray()
    theirs.write_message(ask, message)
    ours.give(bytes(message))
    equal("agent's key", ours.take(), agent.public.data)
    equal("ask", ours.take(), ask)
    ours.give(answer)
    read = bytearray()
    from_agent, from_server = theirs.read_message(ours.take(), read)
    equal("answer", bytes(read), answer)
    equal("hash", ours.take(), theirs.symmetricstate.get_handshake_hash())
    ours.give(from_agent.encrypt_with_ad(b"", b"aller"))
    equal("from agent", ours.take(), b"aller")
    ours.give(b"retour")
    equal("from server", from_server.decrypt_with_ad(b"", ours.take()), b"retour")
    equal("end", ours.end(), (0, ""))


def altered_ask_is_refused(program):
    """By noise_peer when dissononce asks, and the other way round."""
    agent, server = keys(), keys()
    for at in (0, 31, 32, 79, 80, 101):
        ours = Peer(program, "server", server.private.data.hex())
        message = bytearray()
        handshake(True, agent, PublicKey(server.public.data)).write_message(b"altere", message)
        message[at] ^= 1
        ours.give(bytes(message))
        equal(f"altered at {at}", ours.end(), (1, "PIC_EDECRYPT"))
    ours = Peer(program, "agent", agent.private.data.hex(), server.public.data.hex())
    ours.give(b"altere")
    message = bytearray(ours.take())
    message[-1] ^= 1
    try:
        handshake(False, server).read_message(bytes(message), bytearray())
    except DecryptFailedException:
        pass
    else:
        raise AssertionError("dissononce took an altered message")
    equal("no answer", ours.end(), (2, ""))


def wrong_length_is_refused(program):
    for size in (0, 95, NOISE_MAX + 1):
        ours = Peer(program, "server", keys().private.data.hex())
        ours.give(bytes(size))
        equal(f"{size} bytes", ours.end(), (1, "PIC_EFORMAT"))


def main():
    program = sys.argv[1]
    for ask_size, answer_size in SIZES:
        ask, answer = os.urandom(ask_size), os.urandom(answer_size)
        our_agent(program, ask, answer)
        our_server(program, ask, answer)
    altered_ask_is_refused(program)
    wrong_length_is_refused(program)
    print(f"{2 * len(SIZES)} exchanges agreed, altered messages refused")


if __name__ == "__main__":
    main()
