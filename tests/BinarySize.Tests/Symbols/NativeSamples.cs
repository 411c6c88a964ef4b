namespace BinarySize.Tests.Symbols;

/// <summary>Native files made by compilers that we did not write, once each.</summary>
internal static class NativeSamples
{
    public static string Source(string name) => Path.Combine(Samples.Root, "tests", "BinarySize.Tests", "Fixtures", "Native", name);

    /// <summary>Builds a Go program for a platform; <paramref name="flags"/> go to <c>go build</c>.</summary>
    public static string Go(string source, string os, string architecture, params string[] flags)
    {
        string folder = Samples.Make($"go-{os}-{architecture}", [Source(source)], [source, .. flags], folder =>
        {
            File.Copy(Source(source), Path.Combine(folder, source));
            (int code, string output, string error) = Tool.TryIn(folder, "env", ["GO111MODULE=off", "GOFLAGS=", "CGO_ENABLED=0", $"GOOS={os}", $"GOARCH={architecture}", "go", "build", .. flags, "-o", "out", source]);
            Assert.True(code == 0, $"go build for {os}/{architecture} ended with {code}: {error}{output}");
        });
        return Path.Combine(folder, "out");
    }

    /// <summary>Runs a compiler with <c>-o out</c> appended.</summary>
    public static string Compile(string name, string source, string compiler, params string[] flags)
    {
        string folder = Samples.Make(name, [Source(source)], [compiler, .. flags], folder => Tool.Run(compiler, [.. flags, Source(source), "-o", Path.Combine(folder, "out")]));
        return Path.Combine(folder, "out");
    }

    /// <summary>A file of a NuGet package, restored once.</summary>
    public static string Package(string id, string version, string file)
    {
        string folder = Samples.Make("package-" + id.ToLowerInvariant(), [], [version], folder =>
        {
            string project = Path.Combine(folder, "restore.csproj");
            File.WriteAllText(project, $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup><TargetFramework>net9.0</TargetFramework><ManagePackageVersionsCentrally>false</ManagePackageVersionsCentrally></PropertyGroup>
                  <ItemGroup><PackageReference Include="{id}" Version="{version}" /></ItemGroup>
                </Project>
                """);
            Tool.Run("dotnet", "restore", project, "--packages", Path.Combine(folder, "packages"), "--nologo");
        });
        return Path.Combine(folder, "packages", id.ToLowerInvariant(), version, file);
    }
}
