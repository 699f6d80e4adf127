"""The things that several tests share: servers, a tenant in the simulator, restores, forms, files. No test is in
here.
"""
