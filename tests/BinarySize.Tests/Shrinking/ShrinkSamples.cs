using System.Runtime.CompilerServices;
using BinarySize.Shrinking;
using BinarySize.Tests.Symbols;

namespace BinarySize.Tests.Shrinking;

/// <summary>Real files to strip and to pack.</summary>
internal static class ShrinkSamples
{
    private static readonly string[] s_compressed = ["--self-contained", "-p:PublishTrimmed=true", "-p:PublishSingleFile=true", "-p:EnableCompressionInSingleFile=true"];

    public static string Aot => Path.Combine(Samples.Publish("hello", "-p:PublishAot=true"), "hello");

    public static string FrameworkDependentFolder => Samples.Publish("hello", "-f", "net9.0");

    public static string TrimmedFolder => Samples.Publish("hello", "-f", "net9.0", "--self-contained", "-p:PublishTrimmed=true");

    public static string SingleFile => Path.Combine(Samples.Publish("hello", ["-f", "net9.0", .. s_compressed]), "hello");

    public static string UncompressedSingleFile => Path.Combine(Samples.Publish("hello", ["-f", "net9.0", .. s_compressed[..3]]), "hello");

    /// <summary>The same app for .NET 10; restore does not hear of a framework that is given by an argument.</summary>
    public static string SingleFile10
    {
        get
        {
            string apps = Path.Combine(Samples.Root, "tests", "apps"), project = Path.Combine(apps, "hello", "hello.csproj");
            return Samples.Make("hello-net10", [project], s_compressed, folder =>
            {
                foreach (string file in (string[])[.. Directory.GetFiles(apps), .. Directory.GetFiles(Path.Combine(apps, "hello"))]) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
                string copy = Path.Combine(folder, "hello.csproj");
                File.WriteAllText(copy, File.ReadAllText(copy).Replace("net9.0", "net10.0", StringComparison.Ordinal));
                Tool.Run("dotnet", ["publish", copy, "-c", "Release", "-r", "linux-x64", "-o", Path.Combine(folder, "publish"), "--nologo", .. s_compressed]);
            }) + "/publish/hello";
        }
    }

    /// <summary>A small program that has everything in it; with an argument it lives for so many seconds first.</summary>
    public static string Tiny { get; } = Samples.Make("tiny", [], [TinySource], folder =>
    {
        string source = Path.Combine(folder, "app.c");
        File.WriteAllText(source, TinySource);
        Tool.Run("gcc", "-O1", "-static", "-s", "-o", Path.Combine(folder, "app"), source);
    }) + "/app";

    private const string TinySource = "#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\nint main(int count, char **words) { if (count > 1) sleep(atoi(words[1])); puts(\"Hello\"); return 0; }\n";

    public static string GoProgram => NativeSamples.Go("hello.go", "linux", "amd64");

    /// <summary>SQLite as it comes out of its NuGet package: with symbols.</summary>
    public static string Sqlite(string rid) => NativeSamples.Package("SQLitePCLRaw.lib.e_sqlite3", "2.0.6", $"runtimes/{rid}/native/{(rid.StartsWith("osx", StringComparison.Ordinal) ? "libe_sqlite3.dylib" : rid.StartsWith("win", StringComparison.Ordinal) ? "e_sqlite3.dll" : "libe_sqlite3.so")}");

    /// <summary>What a program prints that prints its own name: run under the same name everywhere.</summary>
    public static string RunAsApp(string program) => Tool.Run("bash", "-c", "exec -a app \"$0\"", program);

    /// <summary>The version that the library says when another program loads it.</summary>
    public static (int Code, string Output, string Error) LoadSqlite(string library) =>
        Tool.Try("python3", "-c", $"import ctypes; l = ctypes.CDLL('{library}'); l.sqlite3_libversion.restype = ctypes.c_char_p; print(l.sqlite3_libversion().decode())");
}

/// <summary>A folder of a test's own, gone with it.</summary>
internal sealed class Scratch : IDisposable
{
    public Scratch([CallerMemberName] string test = "") => Path = Directory.CreateTempSubdirectory("binarysize-" + test[..Math.Min(test.Length, 24)]).FullName;

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Everything in it, by name: what a step leaves behind would be seen.</summary>
    public string[] Names => [.. Directory.EnumerateFileSystemEntries(Path, "*", SearchOption.AllDirectories).Select(f => System.IO.Path.GetRelativePath(Path, f)).Order(StringComparer.Ordinal)];

    /// <summary>A program of a few lines of shell.</summary>
    public string Script(string name, string body)
    {
        File.WriteAllText(this[name], "#!/bin/sh\n" + body + "\n");
        File.SetUnixFileMode(this[name], (UnixFileMode)0b111_101_101);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
