@echo off
rem Runs the command line of MovieChat for Java. Builds it on first use; delete examples\cli\target\moviechat.jar to build again.
rem
rem   MOVIECHAT_JAVA_OPTS   options for the Java virtual machine, as in -Xmx8g
rem   JAVA_HOME             the JDK (17 or newer); without it, java on the PATH
setlocal
set "root=%~dp0.."
set "jar=%~dp0cli\target\moviechat.jar"
set "java=java"
if defined JAVA_HOME set "java=%JAVA_HOME%\bin\java"
if exist "%jar%" goto run
echo moviechat: building; the first time this takes minutes and downloads libraries ... 1>&2
pushd "%root%"
call mvnw.cmd -B -q -P "!lint,dist" -DskipTests -Dmaven.javadoc.skip=true -pl examples/cli -am package 1>&2
set "built=%errorlevel%"
popd
if not "%built%"=="0" (
  echo moviechat: the build failed 1>&2
  exit /b 1
)
:run
"%java%" --enable-native-access=ALL-UNNAMED -Djava.awt.headless=true -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -Dfile.encoding=UTF-8 %MOVIECHAT_JAVA_OPTS% -jar "%jar%" %*
exit /b %errorlevel%
