using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace BinarySize.Tests;

/// <summary>
/// Real artifacts, built once by the real SDK and kept under artifacts/test-samples, keyed by source, arguments and SDK:
/// all test assemblies and later runs share them.
/// </summary>
internal static class Samples
{
    /// <summary>The root of the repository.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Here(), "..", ".."));

    private static readonly Lazy<string> s_sdk = new(() => Tool.Run("dotnet", "--version").Trim());

    /// <summary>
    /// Publishes tests/apps/<paramref name="app"/> in Release for linux-x64 and returns the publish folder. Besides
    /// <c>publish/</c> the returned folder's parent keeps <c>obj/</c> (native/*.mstat and the like).
    /// </summary>
    public static string Publish(string app, params string[] arguments)
    {
        string source = Path.Combine(Root, "tests", "apps", app);
        return Make($"{app}", [.. Directory.GetFiles(source).Order(StringComparer.Ordinal), .. Directory.GetFiles(Path.Combine(Root, "tests", "apps")).Order(StringComparer.Ordinal)], arguments, folder =>
        {
            foreach (string file in Directory.GetFiles(source)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            foreach (string file in Directory.GetFiles(Path.Combine(Root, "tests", "apps"))) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            Tool.Run("dotnet", ["publish", Path.Combine(folder, app + ".csproj"), "-c", "Release", "-r", "linux-x64", "-o", Path.Combine(folder, "publish"), "--nologo", .. arguments]);
        }) + "/publish";
    }

    /// <summary>A folder that <paramref name="make"/> fills, made once per name, inputs and arguments; safe across processes.</summary>
    public static string Make(string name, string[] inputs, string[] arguments, Action<string> make)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(s_sdk.Value + "\n" + string.Join("\n", arguments)));
        foreach (string input in inputs) hash.AppendData(File.ReadAllBytes(input));
        string folder = Path.Combine(Root, "artifacts", "test-samples", $"{name}-{Convert.ToHexStringLower(hash.GetHashAndReset())[..12]}");
        Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
        string done = folder + ".done";
        using FileStream turn = Lock(folder + ".lock");
        if (File.Exists(done)) return folder;
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        make(folder);
        File.WriteAllText(done, "");
        return folder;
    }

    private static FileStream Lock(string path)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (i < 6000)
            {
                Thread.Sleep(100);
            }
        }
    }

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
