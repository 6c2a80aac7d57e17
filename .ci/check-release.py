#!/usr/bin/env python3
"""Checks a folder of deployed artifacts against the rules of Maven Central.

    check-release.py REPOSITORY VERSION
"""
import hashlib
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile

NAMESPACE = "{http://maven.apache.org/POM/4.0.0}"
LIBRARIES = {
    "moviechat", "moviechat-bom", "moviechat-core", "moviechat-memory", "moviechat-video",
    "moviechat-llm", "moviechat-spi-testing", "moviechat-tiny-model", "moviechat-spring-boot-starter",
    "moviechat-natives-linux-x86_64",
    "moviechat-natives-linux-arm64", "moviechat-natives-macosx-arm64",
    "moviechat-natives-windows-x86_64",
}

repository = pathlib.Path(sys.argv[1])
version = sys.argv[2]
problems = []


def check(holds, text):
    if not holds:
        problems.append(text)


found = {folder.name for folder in (repository / "io/moviechat").iterdir() if folder.is_dir()}
check(found == LIBRARIES, f"published are {sorted(found ^ LIBRARIES)} too much or too little")
for artifact in sorted(found):
    folder = repository / "io/moviechat" / artifact / version
    stem = f"{artifact}-{version}"
    pom = folder / (stem + ".pom")
    check(pom.exists(), f"{artifact}: no POM")
    if not pom.exists():
        continue
    root = ElementTree.parse(pom).getroot()

    def text(path):
        node = root.find("/".join(NAMESPACE + part for part in path.split("/")))
        return "" if node is None or node.text is None else node.text.strip()

    for path in ("name", "description", "url", "licenses/license/name", "licenses/license/url",
                 "developers/developer/name", "scm/connection", "scm/developerConnection", "scm/url",
                 "groupId", "artifactId", "version"):
        check(text(path), f"{artifact}: its POM has no {path}")
        check("${" not in text(path) and "SNAPSHOT" not in text(path), f"{artifact}: {path} is {text(path)}")
    check(artifact == "moviechat-bom" or root.find(NAMESPACE + "parent") is None, f"{artifact}: has a parent")
    check("-SNAPSHOT" not in pom.read_text(), f"{artifact}: depends on a snapshot")
    for dependency in root.findall(f"{NAMESPACE}dependencies/{NAMESPACE}dependency"):
        name = dependency.findtext(NAMESPACE + "artifactId")
        check(dependency.findtext(NAMESPACE + "version"), f"{artifact}: {name} has no version")
    files = [pom]
    if text("packaging") != "pom":
        for suffix in (".jar", "-sources.jar", "-javadoc.jar"):
            jar = folder / (stem + suffix)
            check(jar.exists(), f"{artifact}: no {jar.name}")
            if jar.exists():
                files.append(jar)
                names = zipfile.ZipFile(jar).namelist()
                if suffix != "-javadoc.jar":
                    for name in ("META-INF/LICENSE", "META-INF/NOTICE"):
                        check(name in names, f"{jar.name}: no {name}")
    for file in files:
        signature = file.with_name(file.name + ".asc")
        check(signature.exists(), f"{file.name}: not signed")
        if signature.exists():
            verified = subprocess.run(["gpg", "--batch", "--verify", signature, file], capture_output=True)
            check(verified.returncode == 0, f"{file.name}: signature does not fit")
        for algorithm in ("md5", "sha1"):
            sum_file = file.with_name(file.name + "." + algorithm)
            check(sum_file.exists() and sum_file.read_text().split()[0]
                  == hashlib.new(algorithm, file.read_bytes()).hexdigest(), f"{file.name}: no right {algorithm}")

for problem in problems:
    print("release: " + problem)
print(f"release: {len(found)} artifacts of version {version}, {len(problems)} problems")
sys.exit(1 if problems else 0)
