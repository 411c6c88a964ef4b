using System.Runtime.InteropServices;

namespace BinarySize.Build;

/// <summary>
/// The entry point of this assembly: "dotnet exec BinarySize.Build.dll FILE" loads a shared library, and ends with 0 where
/// that works. It is a process of its own because a broken library takes the one that loads it down.
/// </summary>
internal static class LoadLibrary
{
    private static int Main(string[] arguments)
    {
        if (arguments is not [var file])
        {
            Console.Error.WriteLine("usage: dotnet exec BinarySize.Build.dll FILE");
            return 2;
        }
        try
        {
            NativeLibrary.Load(file);
            return 0;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            Console.Error.WriteLine(e.Message.ReplaceLineEndings(" "));
            return 1;
        }
    }
}
